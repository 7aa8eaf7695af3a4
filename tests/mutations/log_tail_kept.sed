# src/log/cut.c: a torn tail is not zeroed
s/err = zeros_write(io, file, r->offset, dirty);/err = ERR_OK;/
