/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state that the module's logic works on, in this program: see logic.c.
 */
#ifndef _IOKMEM_LOGIC_STATE_H
#define _IOKMEM_LOGIC_STATE_H

#include "seam.h"

#include "desc/desc.h"
#include "map/map.h"
#include "sequence.h"

/**
 * struct logic - the whole state
 * @memory: the descriptors that have memory
 * @part: the sub-descriptors, by number of the file
 * @file: the descriptor of each file
 * @mm: the address spaces of programs
 */
struct logic {
	struct iokmem_desc memory[MODEL_MEMORIES];
	struct iokmem_desc part[MODEL_FILES];
	struct iokmem_desc *file[MODEL_FILES];
	struct mm_struct mm[MODEL_KERNEL];
};

/* Return an address space; NULL is the kernel's. */
static inline struct mm_struct *logic_mm(struct logic *logic, int space)
{
	return space == MODEL_KERNEL ? NULL : &logic->mm[space];
}

void logic_check(struct sequence *sequence);

#endif /* _IOKMEM_LOGIC_STATE_H */
