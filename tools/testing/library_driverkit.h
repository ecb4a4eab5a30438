/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that library_driverkit.cc (C++) and library_driverkit_test.c (C) call of each other.
 * The test harness is for C only.
 */
#ifndef _LIBRARY_DRIVERKIT_H
#define _LIBRARY_DRIVERKIT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The cases. Each returns 0, or the line of what was not as expected. */
int driverkit_ring(int client);
int driverkit_creates_and_maps(void);
int driverkit_has_one_address_range(void);
int driverkit_describes_parts(void);
int driverkit_fails_as_the_library(void);
int driverkit_shared_pointers(void);

/* In C: for valgrind, and for an access that may raise a signal. */
void tell_mapped(uint64_t address, uint64_t length);
int signal_of(uint64_t address, bool write);

#ifdef __cplusplus
}
#endif

#endif /* _LIBRARY_DRIVERKIT_H */
