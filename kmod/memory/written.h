/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_WRITTEN_H
#define _IOKMEM_WRITTEN_H

#include <linux/types.h>

struct address_space;

void iokmem_note_written(struct address_space *mapping, pgoff_t first, pgoff_t end);

#endif /* _IOKMEM_WRITTEN_H */
