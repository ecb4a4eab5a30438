/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steps: a test works with maps step by step. Any bytes decode to a sequence of steps, so
 * random numbers and a fuzzer can both create them. Each step takes an equal number of bytes,
 * so a sequence with some steps left out is another sequence.
 */
#ifndef _IOKMEM_STEP_H
#define _IOKMEM_STEP_H

#include <stdio.h>

#include "model.h"

#define STEP_BYTES	12

enum step_kind {
	STEP_CREATE,
	STEP_START,		/* a request whose mapping stays under construction */
	STEP_BUILD,		/* the end of the construction */
	STEP_BUILD_FAILS,
	STEP_MMAP,
	STEP_RELEASE,
	STEP_UNMAP,
	STEP_QUERY,
	STEP_MUNMAP,
	STEP_SET_LENGTH,
	STEP_EXIT,
};

/**
 * struct step - one step
 * @kind: what is done
 * @space: in which address space
 * @file: with which file
 * @options: IOKMEM_MAP_*
 * @address: of the map; of the pages to unmap
 * @offset: of the map
 * @length: of the map; of the pages to unmap; of the buffer
 * @map: number of the map that is built
 */
struct step {
	enum step_kind kind;
	int space;
	int file;
	__u32 options;
	__u64 address;
	__u64 offset;
	__u64 length;
	int map;
};

/**
 * struct step_world - what is possible
 * @spaces: how many address spaces take part
 * @slow: mappings can stay under construction
 * @mmap: there is mmap()
 * @skew: memory can start inside a page
 * @task_size: where a program's addresses end
 * @arena: where addresses are that only the test uses
 * @arena_pages: how many pages
 */
struct step_world {
	int spaces;
	bool slow;
	bool mmap;
	bool skew;
	__u64 task_size;
	__u64 arena;
	__u64 arena_pages;
};

__u8 step_random(__u64 *seed);
void step_decode(struct step *step, const __u8 bytes[STEP_BYTES],
		 const struct model *model, const struct step_world *world);
void step_print(FILE *to, const struct step *step);
void step_print_map(FILE *to, const struct model_map *map);

#endif /* _IOKMEM_STEP_H */
