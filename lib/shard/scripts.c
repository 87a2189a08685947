#include "lib/shard/scripts.h"

#include "lib/shard/scripts_text.h"

struct span script_text(enum script script)
{
    switch (script) {
#define SCRIPT_CASE(name, file)                                                                              \
    case name:                                                                                               \
        return script_text_##file;
        SCRIPTS(SCRIPT_CASE)
#undef SCRIPT_CASE
    case SCRIPT_NONE:
    case N_SCRIPTS:
        break;
    }
    return (struct span){0};
}

const char *script_name(enum script script)
{
    static const char *const names[] = {"command",
#define SCRIPT_NAME(name, file) #file,
                                        SCRIPTS(SCRIPT_NAME)
#undef SCRIPT_NAME
    };
    return script < N_SCRIPTS ? names[script] : "command";
}
