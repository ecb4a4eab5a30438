/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites share: page table entries as they are, a process to map into,
 * and cleaning up after a failed assertion.
 */
#ifndef _IOKMEM_KUNIT_HELPERS_H
#define _IOKMEM_KUNIT_HELPERS_H

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include <linux/iokmem.h>

#include "desc/desc.h"
#include "entry.h"
#include "map/map.h"
#include "page/compat.h"

/* Read a byte, as the task whose address space this thread is in: 0 if that works. */
unsigned long touch(unsigned long address);

/* Skips the test if the types of memory cannot be told from entries. */
void need_memory_types(struct kunit *test);

/* The frame that byte @offset of a descriptor is in. */
unsigned long pfn_of(struct iokmem_desc *desc, size_t offset);

/* Give the test an address space of its own to be in, as current->mm. */
void attach_address_space(struct kunit *test);

/* A user process that sleeps, killed when the test ends. Skips the test if the
 * machine has nothing to run.
 */
struct task_struct *start_process(struct kunit *test);
void kill_process(struct task_struct *task);

/* References that the end of the test puts, whatever became of the test.
 * placed() maps into the current task, at a fixed address.
 */
struct iokmem_desc *buffer(struct kunit *test, struct task_struct *task,
			   size_t capacity, size_t alignment);
struct iokmem_desc *buffer_with(struct kunit *test, struct task_struct *task,
				u32 options, size_t capacity, size_t alignment);
struct iokmem_desc *keep_desc(struct kunit *test, struct iokmem_desc *desc);
struct iokmem_map *map(struct kunit *test, struct iokmem_desc *desc,
		       struct task_struct *task, u32 options, size_t offset,
		       size_t length);
struct iokmem_map *placed(struct kunit *test, struct iokmem_desc *desc,
			  unsigned long at, size_t offset, size_t length);
/* The map of all bytes of the mapping that @map is a window of. */
static inline struct iokmem_map *whole_of(const struct iokmem_map *map)
{
	return &map->mapping->whole;
}

/* Or NULL, if @map is that. */
static inline struct iokmem_map *super_of(const struct iokmem_map *map)
{
	return iokmem_map_is_whole(map) ? NULL : whole_of(map);
}

/* Count the pages that a live map touches. */
static inline unsigned long pages_of(const struct iokmem_map *map)
{
	return PAGE_ALIGN(offset_in_page(iokmem_map_get_address(map)) + map->length) >>
	       PAGE_SHIFT;
}

struct iokmem_map *keep_map(struct kunit *test, struct iokmem_map *map);
void put_map_now(struct kunit *test, struct iokmem_map *map);
void put_buffer_now(struct kunit *test, struct iokmem_desc *desc);

/* The error that mapping gives; 0 if it gives a map, which is let go. */
int map_error(struct iokmem_desc *desc, struct task_struct *task,
	      unsigned long at, u32 options, size_t offset, size_t length);

/* The same for making a buffer for nobody. */
int buffer_error(u32 options, size_t capacity, size_t alignment);

/* Wait for the kernel's worker to be done with files that were put until now. */
void settle_files(struct kunit *test);

/* Is descriptor @id gone? Waits a little for it. */
bool is_gone(u64 id);

/* Fill or check, by the kernel's own addresses: byte i is a function of i. */
void fill_pattern(struct iokmem_desc *desc);
u8 pattern(size_t offset);
void fill_bytes(u8 *bytes, size_t length);
bool has_pattern(const u8 *bytes, size_t length, size_t first);
bool user_has_pattern(unsigned long address, size_t length, size_t first);

/* Write a line to a file of the kernel's, such as one in /proc/sys. */
int write_line(const char *path, const char *line);

#endif /* _IOKMEM_KUNIT_HELPERS_H */
