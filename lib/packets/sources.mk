lib_librooms_la_SOURCES += \
	lib/packets/encoding.c \
	lib/packets/packet.h lib/packets/packet.c \
	lib/packets/encoder.h lib/packets/encoder.c \
	lib/packets/decoder.h lib/packets/decoder.c \
	lib/packets/ogg_header.h lib/packets/ogg_header.c \
	lib/packets/ogg_writer.h lib/packets/ogg_writer.c \
	lib/packets/ogg_pages.h lib/packets/ogg_pages.c \
	lib/packets/ogg_reader.h lib/packets/ogg_reader.c \
	lib/packets/wav_writer.h lib/packets/wav_writer.c
pkginclude_HEADERS += include/voicepriv/packets.h
