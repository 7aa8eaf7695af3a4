# src/board/fold.c: a released intent stays claimed
s/    case EVENT_RELEASED:/&\n        break;/
