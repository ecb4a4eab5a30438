/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers of all suites: page table entries, a process to map into, and cleanup after a failed
 * assertion.
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

#define NONE	IOKMEM_DIRECTION_NONE
#define IN	IOKMEM_DIRECTION_IN
#define OUT	IOKMEM_DIRECTION_OUT
#define INOUT	IOKMEM_DIRECTION_INOUT
#define ANY	IOKMEM_MAP_ANYWHERE

/* Read a byte in the address space of this thread. Returns 0 on success. */
unsigned long touch(unsigned long address);

/* Skip the test if entries do not show types of memory. */
void need_memory_types(struct kunit *test);

/* Return the frame of byte @offset of a descriptor. */
unsigned long pfn_of(struct iokmem_desc *desc, size_t offset);

/* Give the test an address space of its own, as current->mm. */
void attach_address_space(struct kunit *test);

/*
 * Start a user process that sleeps until the end of the test kills it. Skips the test if the
 * machine has no program to run.
 */
struct task_struct *start_process(struct kunit *test);
void kill_process(struct task_struct *task);

/*
 * Create objects whose references the end of the test puts, even if the test fails. placed()
 * maps into the current task, at a fixed address.
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
/* Return the map of all bytes of the mapping that @map is a window of. */
static inline struct iokmem_map *whole_of(const struct iokmem_map *map)
{
	return &map->mapping->whole;
}

/* Return the map of all bytes of the mapping, or NULL if that is @map itself. */
static inline struct iokmem_map *super_of(const struct iokmem_map *map)
{
	return iokmem_map_is_whole(map) ? NULL : whole_of(map);
}

/* The address of a map's first byte, or 0 if the map has ended. */
static inline unsigned long address_of(const struct iokmem_map *map)
{
	return iokmem_map_get_address(map);
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

/* Return the error of a request for a map, or 0 if it succeeds. The map is put. */
int map_error(struct iokmem_desc *desc, struct task_struct *task,
	      unsigned long at, u32 options, size_t offset, size_t length);

/* Return the error of creating a buffer that belongs to no task, or 0. */
int buffer_error(u32 options, size_t capacity, size_t alignment);

/* Wait until the kernel's worker has closed all files that were put before. */
void settle_files(struct kunit *test);

/* Return true if descriptor @id has been freed. Waits a little for that. */
bool is_gone(u64 id);

/* Arguments for a range of addresses, and the error that refuses them. */
struct refused_range {
	const char *name;
	u64 address;
	size_t length;
	u32 options;
	int err;
};

/* Describe a case, for KUNIT_ARRAY_PARAM(). */
void refused_range_desc(const struct refused_range *c, char *desc);

/* Return zeroed memory of the test. */
u8 *scratch(struct kunit *test, size_t length);

/* Fill or check memory by the kernel's own addresses. Byte i is a function of i. */
void fill_pattern(struct iokmem_desc *desc);
void write_pattern(struct kunit *test, struct iokmem_desc *desc);
u8 pattern(size_t offset);
void fill_bytes(u8 *bytes, size_t length);
bool has_pattern(const u8 *bytes, size_t length, size_t first);
bool user_has_pattern(unsigned long address, size_t length, size_t first);

/* Write a line to a file of the kernel, such as one in /proc/sys. */
int write_line(const char *path, const char *line);

#endif /* _IOKMEM_KUNIT_HELPERS_H */
