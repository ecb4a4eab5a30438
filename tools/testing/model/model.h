/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of maps and of the rule that shares them. It states a second time, in the plainest
 * way, what <linux/iokmem.h> (the header for programs) promises. All maps are in one array,
 * oldest first, and every question is answered by looking at all of them. The model and the
 * module have nothing but that header in common, so that no mistake is made twice.
 *
 * Decide before acting: model_decide() returns what must become of a request, and changes
 * nothing. When the other side has answered, model_commit() carries out the decision, with the
 * address that the other side has chosen if it was free to choose.
 */
#ifndef _IOKMEM_MODEL_H
#define _IOKMEM_MODEL_H

#include <stdbool.h>

#include <linux/iokmem.h>

#define MODEL_PAGE	model_page
#define MODEL_MEMORIES	4
#define MODEL_FILES	12
#define MODEL_SPACES	3
/* The last address space is the kernel's: no program is in it. */
#define MODEL_KERNEL	(MODEL_SPACES - 1)
#define MODEL_MAPS	256
#define MODEL_ERRORS	8

/* Programs set these on machines with other pages than of 4 KiB, or without cache modes. */
extern __u64 model_page;
extern bool model_cached_only;

/**
 * struct model_memory - what is mapped
 * @capacity: in bytes
 * @length: in bytes, as it is now
 * @skew: where in its page the first byte is
 * @owned: how many bytes, from the first on, are its own
 * @pageable: not wired
 * @cache_mode: in force
 */
struct model_memory {
	__u64 capacity;
	__u64 length;
	__u64 skew;
	__u64 owned;
	bool pageable;
	__u32 cache_mode;
};

/**
 * struct model_file - a file descriptor: of a memory, or of part of one
 * @memory: number of the memory
 * @part: of a sub-descriptor; otherwise @start and @length mean nothing
 * @read_only: gives read-only maps only
 * @start: of the part
 * @length: of the part
 */
struct model_file {
	int memory;
	bool part;
	bool read_only;
	__u64 start;
	__u64 length;
};

/**
 * struct model_map - a map that there is
 * @name: a number that no other map ever has
 * @memory: number of the memory it shows
 * @space: number of the address space it is in
 * @options: of the request that made it
 * @offset: in the memory
 * @length: in bytes
 * @address: of the first byte; 0 while under construction
 * @inside: the name of the mapping it lies in; 0: it is a mapping itself
 * @references: of its address space
 * @building: under construction
 * @at: of one under construction: where it shall be, or 0
 * @handle: the other side's name for it, if that has one
 */
struct model_map {
	unsigned int name;
	int memory;
	int space;
	__u32 options;
	__u64 offset;
	__u64 length;
	__u64 address;
	unsigned int inside;
	unsigned long references;
	bool building;
	__u64 at;
	const void *handle;
};

/**
 * struct model - all there is
 * @memory: the memories
 * @file: the files
 * @map: the maps, oldest first
 * @nr_memories: how many
 * @nr_files: how many
 * @nr_maps: how many
 * @next_name: of the next map
 * @task_size: where a program's addresses end
 */
struct model {
	struct model_memory memory[MODEL_MEMORIES];
	struct model_file file[MODEL_FILES];
	struct model_map map[MODEL_MAPS];
	int nr_memories;
	int nr_files;
	int nr_maps;
	unsigned int next_name;
	__u64 task_size;
};

/**
 * struct model_request - IOKMEM_CREATE_MAPPING in some address space
 * @space: number of the address space
 * @file: number of the file
 * @options: IOKMEM_MAP_*
 * @address: as in struct iokmem_create_mapping
 * @offset: as there
 * @length: as there
 * @slow: if it takes a new mapping, that stays under construction for a while
 */
struct model_request {
	int space;
	int file;
	__u32 options;
	__u64 address;
	__u64 offset;
	__u64 length;
	bool slow;
};

/*
 * Errors that are right. Where there are several, the contract does not say which comes first.
 */
struct model_errors {
	int nr;
	int error[MODEL_ERRORS];
};

enum model_outcome {
	MODEL_FAILS,
	MODEL_WAITS,	/* for a map that is under construction */
	MODEL_OLD,	/* a map that exists, once more */
	MODEL_SUB,	/* a new map inside a mapping */
	MODEL_NEW,	/* a new mapping */
};

/**
 * struct model_verdict - what must become of a request
 * @outcome: see there
 * @errors: if it fails
 * @map: the number of the map that is waited for or found, or of the mapping that
 *	the new map is in
 * @new: the new map; its @address is 0 if the other side may choose
 * @cache_mode: the mode that the memory has then
 */
struct model_verdict {
	enum model_outcome outcome;
	struct model_errors errors;
	int map;
	struct model_map new;
	__u32 cache_mode;
};

bool model_error_is_right(const struct model_errors *errors, int err);
__u32 model_resolve(const struct model_memory *memory, __u32 mode);
__u64 model_length(const struct model *model, int file);

void model_decide(const struct model *model, const struct model_request *request,
		  struct model_verdict *verdict);
void model_decide_mmap(const struct model *model, const struct model_request *request,
		       struct model_verdict *verdict);
void model_commit(struct model *model, const struct model_verdict *verdict,
		  __u64 address, const void *handle);

int model_find(const struct model *model, int space, int file, __u64 address,
	       __u64 length);
int model_release(struct model *model, int space, int file, __u64 address,
		  __u64 length);
int model_unmap(struct model *model, int space, int file, __u64 address,
		__u64 length);
int model_munmap(struct model *model, int space, __u64 start, __u64 end);
int model_build(struct model *model, int map, bool fails, __u64 address);
int model_set_length(struct model *model, int file, __u64 length);
void model_exit(struct model *model, int space);

int model_maps_of(const struct model *model, int memory);
int model_mapping_of(const struct model *model, int map);
void model_pages(const struct model *model, const struct model_map *mapping,
		 __u64 *start, __u64 *end);
bool model_is_free(const struct model *model, int space, __u64 start,
		   __u64 end);

#endif /* _IOKMEM_MODEL_H */
