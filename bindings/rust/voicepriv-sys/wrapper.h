#include <voicepriv/voicepriv.h>
