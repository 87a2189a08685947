/*
 * How jemalloc is set up: linked into each program beside its main(), where jemalloc is.
 *
 * Messages are allocated in librdkafka's thread and freed in the loop's. With larger caches in both threads they
 * change hands some thousand at a time instead of some hundred, under one lock (docs/PERFORMANCE.md). jemalloc
 * looks the variable up when it is loaded; MALLOC_CONF in the environment comes after it.
 */
extern const char *const malloc_conf;
__attribute__((used, visibility("default"))) const char *const malloc_conf =
    "tcache_nslots_small_max:2000,lg_tcache_nslots_mul:4";
