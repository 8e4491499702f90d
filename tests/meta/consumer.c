/* What the smallest program of somebody else looks like; built against an installed library. */
#include <stdio.h>
#include <string.h>
#include <voicepriv/voicepriv.h>

int main(void)
{
    printf("libvoicepriv %s\n", vpriv_version());
    return strcmp(vpriv_version(), VPRIV_VERSION_TEXT) != 0;
}
