/** @file voicepriv.h
 *  Everything, in the order sound travels. Each room's header can also be included by itself. */
#ifndef VOICEPRIV_VOICEPRIV_H
#define VOICEPRIV_VOICEPRIV_H

#include <voicepriv/base.h>

#endif
