/** @file voicepriv.h
 *  Everything, in the order sound travels. Each room's header can also be included by itself.
 *
 *      #include <voicepriv/voicepriv.h>
 */
#ifndef VOICEPRIV_VOICEPRIV_H
#define VOICEPRIV_VOICEPRIV_H

#include <voicepriv/base.h>
#include <voicepriv/capture.h>
#include <voicepriv/consent.h>
#include <voicepriv/derivative.h>
#include <voicepriv/effects.h>
#include <voicepriv/gate.h>
#include <voicepriv/hub.h>
#include <voicepriv/inventory.h>
#include <voicepriv/jurisdiction.h>
#include <voicepriv/keys.h>
#include <voicepriv/log.h>
#include <voicepriv/notice.h>
#include <voicepriv/packets.h>
#include <voicepriv/past.h>
#include <voicepriv/people.h>
#include <voicepriv/places.h>
#include <voicepriv/purge.h>
#include <voicepriv/recall.h>
#include <voicepriv/recorder.h>
#include <voicepriv/retention.h>
#include <voicepriv/root.h>
#include <voicepriv/salvage.h>
#include <voicepriv/share.h>
#include <voicepriv/storage.h>
#include <voicepriv/surface.h>
#include <voicepriv/sync.h>
#include <voicepriv/vault.h>

#endif
