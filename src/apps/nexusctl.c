/* nexusctl.c - the command line. Everything is in src/client; see command.h. */
#include <signal.h>

#include "client/command.h"

int main(int argc, char *argv[])
{
    (void)signal(SIGPIPE, SIG_IGN);
    return client_main(argc, argv);
}
