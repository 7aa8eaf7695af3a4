# src/log/cut.c: a bad group before good ones is cut off like a torn tail
s/enum err err = look_onward(r, what);/enum err err = ERR_OK;/
