# src/board/intent.c: a restart shortens live leases
s/i->lease_ns = now_ns + (uint64_t)i->ttl_ms \* NS_PER_MS;/i->lease_ns = now_ns;/
