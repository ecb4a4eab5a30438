/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running sequences of calls on the module's own logic, in this program.
 */
#ifndef _IOKMEM_LOGIC_H
#define _IOKMEM_LOGIC_H

#include <stddef.h>

#include "sequence.h"

bool logic_run(struct sequence *sequence, const __u8 *bytes, size_t size,
	       FILE *log);

#endif /* _IOKMEM_LOGIC_H */
