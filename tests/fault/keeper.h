/* Keeps every write to a vault's files and to its root key file in a journal: under SQLite by a shim around
 * its own VFS, under lib/base/file.c by wrapping pwrite (-Wl,--wrap=pwrite,--wrap=fdatasync). And ends the
 * process with SIGKILL behind one of them.
 *
 *   journal = entry ‖ …
 *   entry   = what u8 ("S" a process starts, "W" written, "T" cut to offset, "D" deleted)
 *           ‖ file u8 ("d" database, "w" write-ahead log, "r" root key file, "o" other)
 *           ‖ offset u64 ‖ n u32 ‖ bytes(n)                                          little-endian
 *
 * Nothing waits for the disk: what a killed process wrote is there, and no power is cut here. */
#ifndef TESTS_FAULT_KEEPER_H
#define TESTS_FAULT_KEEPER_H

#include <stdint.h>

/* Before the library opens anything. die_after: writes until SIGKILL comes, 0 for never. */
void keeper_start(const char *journal, uint64_t die_after);

#endif
