# src/board/fold.c: dependencies do not hold an intent back
s/.waits_for = unmet_count(b, e->intent.depends_on),/.waits_for = 0,/
