/* Tells of devices that come and go, one line each, until standard input ends. */
#include <stdio.h>
#include <unistd.h>
#include <voicepriv/capture.h>

static void tell(void *user, vpriv_device_change change, const vpriv_capture_device *device)
{
    static const char *const words[] = {"", "appeared", "gone", "default"};
    (void)user;
    printf("%s %s%s%s\n", words[change], device->input, device->is_default ? " default" : "",
        device->is_monitor ? " monitor" : "");
    fflush(stdout);
}

int main(void)
{
    vpriv_capture_watch *watch = NULL;
    char byte;
    if (vpriv_capture_watch_open(tell, NULL, &watch) != VPRIV_OK)
        return 1;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    vpriv_capture_watch_close(watch);
    return 0;
}
