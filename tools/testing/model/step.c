// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps from bytes. Most steps refer to maps that exist, since those are where rules can be
 * wrong.
 */
#include <stdint.h>

#include "step.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Weights of the kinds of steps, and their sum. */
static const struct {
	enum step_kind kind;
	int weight;
} kinds[] = {
	{ STEP_CREATE, 127 },
	{ STEP_RELEASE, 60 },
	{ STEP_START, 10 },
	{ STEP_BUILD, 14 },
	{ STEP_BUILD_FAILS, 6 },
	{ STEP_MMAP, 8 },
	{ STEP_UNMAP, 6 },
	{ STEP_QUERY, 8 },
	{ STEP_MUNMAP, 10 },
	{ STEP_SET_LENGTH, 5 },
	{ STEP_EXIT, 2 },
};

/*
 * step_random - return a byte for a sequence; equal seeds, which must not be 0, give equal
 * bytes
 */
__u8 step_random(__u64 *seed)
{
	/* xorshift64*: the high bits are the good ones. */
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dULL >> 56;
}

static enum step_kind decode_kind(__u8 byte)
{
	int i, from = 0;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		from += kinds[i].weight;
		if (byte < from)
			return kinds[i].kind;
	}
	return STEP_CREATE;
}

/* Return a map that exists, or NULL. */
static const struct model_map *pick(const struct model *model, __u8 byte)
{
	return model->nr_maps ? &model->map[byte % model->nr_maps] : NULL;
}

/* Return where the file starts in its memory. */
static __u64 start_of(const struct model *model, int file)
{
	return model->file[file].part ? model->file[file].start : 0;
}

/* Return an offset of a few bytes from a boundary, or 0. */
static __u64 some_bytes(__u8 byte)
{
	const __u64 bytes[] = { 0, 1, 77, 2048, MODEL_PAGE - 1 };

	return bytes[byte % ARRAY_SIZE(bytes)];
}

/* Choose a range that is invalid, or nearly: around the end, or around zero. */
static void decode_odd_window(struct step *step, __u8 byte, __u64 whole)
{
	const struct {
		__u64 offset, length;
	} odd[] = {
		{ 0, whole + 1 }, { 1, whole }, { whole, 0 }, { whole, 1 },
		{ whole - 1, 1 }, { whole - 1, 2 }, { 1, 0 }, { 0, UINT64_MAX },
		{ 1, UINT64_MAX }, { UINT64_MAX, 1 }, { UINT64_MAX, UINT64_MAX },
		{ UINT64_MAX - 1, 1 }, { MODEL_PAGE, UINT64_MAX - MODEL_PAGE + 1 },
		{ MODEL_PAGE, UINT64_MAX - 2 * MODEL_PAGE },
	};

	step->offset = odd[byte % ARRAY_SIZE(odd)].offset;
	step->length = odd[byte % ARRAY_SIZE(odd)].length;
}

/* Choose pages, and sometimes some bytes more or less. */
static void decode_pages_window(struct step *step, const __u8 *bytes,
				__u64 whole)
{
	__u64 pages = whole / MODEL_PAGE + 1;
	__u64 first = bytes[0] % pages;

	step->offset = first * MODEL_PAGE;
	step->length = (1 + bytes[1] % (pages - first)) * MODEL_PAGE;
	if (bytes[1] & 0x80) {
		step->offset += some_bytes(bytes[0] / 32);
		step->length -= some_bytes(bytes[1] / 16);
	}
}

/* Choose the window of a map that exists, in the file's offsets, or one beside it. */
static void decode_near_window(struct step *step, const __u8 *bytes,
			       const struct model *model,
			       const struct model_map *map)
{
	step->offset = map->offset - start_of(model, step->file);
	step->length = map->length;
	switch (bytes[1] / 16) {
	case 0:
		step->offset -= 1;
		step->length += bytes[0] % 3;
		break;
	case 1:
		step->length += 1;
		break;
	case 2:
		step->length -= 1;
		break;
	case 3:
	case 4:
	case 5:
	case 6:
		step->offset += bytes[0] % map->length;
		step->length = 1 + (map->length - 1) * (bytes[1] % 16) / 15;
		break;
	case 7:
		step->offset += bytes[0] % map->length;
		step->length -= bytes[0] % map->length;
		break;
	case 8:
		step->length = 1 + bytes[0] % map->length;
		break;
	case 9:
		step->offset += some_bytes(bytes[0]);
		step->length -= some_bytes(bytes[0]);
		break;
	case 10:
		step->offset += some_bytes(bytes[0]);
		step->length -= 2 * some_bytes(bytes[0]);
		break;
	default:
		break;
	}
}

static __u32 decode_options(__u8 byte, __u8 rare)
{
	static const __u32 sometimes[] = {
		IOKMEM_MAP_READ_ONLY,
		IOKMEM_MAP_READ_ONLY,
		IOKMEM_MAP_READ_ONLY,
		IOKMEM_MAP_UNIQUE,
		IOKMEM_MAP_UNIQUE,
		IOKMEM_MAP_REFERENCE,
		IOKMEM_MAP_REFERENCE,
		IOKMEM_MAP_GUARDED_SMALL,
		IOKMEM_MAP_GUARDED_LARGE,
		IOKMEM_MAP_PINNABLE,
		IOKMEM_MAP_PINNABLE,
		IOKMEM_MAP_PREFAULT,
		IOKMEM_MAP_COPYBACK_CACHE,
		IOKMEM_MAP_COPYBACK_INNER_CACHE,
		IOKMEM_MAP_WRITE_COMBINE_CACHE,
		IOKMEM_MAP_REAL_TIME_CACHE,
		IOKMEM_MAP_INHIBIT_CACHE,
	};
	__u32 options = 0;

	if (byte < 4 * ARRAY_SIZE(sometimes))
		options = sometimes[byte / 4];
	if (rare < 2 * ARRAY_SIZE(sometimes))
		options |= sometimes[rare / 2];
	/* Choose any option bit, known or not, and any cache mode. */
	if (rare >= 248)
		options ^= 1U << (byte & 31);
	else if (rare >= 240)
		options |= (byte & 15) << IOKMEM_MAP_CACHE_SHIFT;
	return options;
}

/* Choose a file of that memory. It may differ from the map's. */
static void use_memory(struct step *step, const struct model *model, int memory)
{
	while (model->file[step->file].memory != memory)
		step->file = (step->file + 1) % model->nr_files;
}

/* Choose a request that a mapping which serves @near may serve: mostly with equal options. */
static void decode_alike(struct step *step, __u8 chance,
			 const struct model *model, const struct model_map *near)
{
	__u32 same = IOKMEM_MAP_READ_ONLY | IOKMEM_MAP_PINNABLE |
			IOKMEM_MAP_GUARDED_MASK;

	use_memory(step, model, near->memory);
	if (chance % 8)
		step->space = near->space;
	if (chance / 8 % 8)
		step->options |= near->options & same;
	if (chance / 64 % 4 == 1)
		step->options |= near->options & IOKMEM_MAP_CACHE_MASK;
}

/* Return the address of the wanted byte in a map that exists, or where it would be. */
static __u64 same_place(const struct step *step, const struct model *model,
			const struct model_map *near)
{
	return near->address + step->offset + start_of(model, step->file) -
	       near->offset;
}

static __u64 decode_odd_address(__u8 byte)
{
	const __u64 odd[] = {
		0, 1, 77, 1ULL << 63, UINT64_MAX, UINT64_MAX - MODEL_PAGE + 1,
		UINT64_MAX - 4 * MODEL_PAGE + 1,
	};

	return odd[byte % ARRAY_SIZE(odd)];
}

static void decode_address(struct step *step, const __u8 *bytes,
			   const struct model *model,
			   const struct step_world *world,
			   const struct model_map *near)
{
	static const __u8 anywhere[] = { 255 };
	__u64 slot = world->arena + bytes[1] % world->arena_pages * MODEL_PAGE;

	if (step->options & IOKMEM_MAP_GUARDED_MASK && bytes[1] % 16)
		bytes = anywhere;
	switch (bytes[0]) {
	case 0 ... 31:
		if (near)
			step->address = same_place(step, model, near);
		break;
	case 32 ... 39:
		step->address = slot;
		break;
	case 40 ... 43:
		step->address = slot + some_bytes(bytes[0]);
		break;
	case 44 ... 46:
		step->address = decode_odd_address(bytes[1]);
		break;
	case 47:
		step->address = slot;
		step->options |= IOKMEM_MAP_ANYWHERE;
		break;
	case 48 ... 51:
		if (near)
			step->address = near->address;
		break;
	default:
		step->options |= IOKMEM_MAP_ANYWHERE;
		break;
	}
	if (!(step->options & IOKMEM_MAP_ANYWHERE) && bytes[1] % 4 == 0)
		step->options |= IOKMEM_MAP_OVERWRITE;
	/*
	 * Fixed addresses are in the arena only, so that they do not collide with the
	 * program's memory.
	 */
	if (step->address >= MODEL_PAGE && step->address < model->task_size &&
	    (step->address < world->arena ||
	     step->address - world->arena >= world->arena_pages * MODEL_PAGE))
		step->address = slot;
}

/* A request that changes the cache mode cannot be slow: others do not wait for it. */
static bool may_be_slow(const struct step *step, const struct model *model)
{
	const struct model_memory *memory =
		&model->memory[model->file[step->file].memory];
	__u32 mode = step->options & IOKMEM_MAP_CACHE_MASK;

	return !mode || model_resolve(memory, mode) == memory->cache_mode;
}

static void decode_create(struct step *step, const __u8 *bytes,
			  const struct model *model,
			  const struct step_world *world)
{
	const struct model_map *near = pick(model, bytes[0]);
	__u8 window = bytes[3];

	step->options = decode_options(bytes[1], bytes[2]);
	if (near && window >= 80)
		decode_alike(step, bytes[4], model, near);
	/* Most requests to a read-only file ask for read-only maps. */
	if (model->file[step->file].read_only && bytes[2] % 8)
		step->options |= IOKMEM_MAP_READ_ONLY;
	if (window < 8)
		decode_odd_window(step, bytes[5], model_length(model, step->file));
	else if (near && window >= 80)
		decode_near_window(step, bytes + 5, model, near);
	else if (window >= 24)
		decode_pages_window(step, bytes + 5,
				    model_length(model, step->file));
	decode_address(step, bytes + 7, model, world, near);
	if (step->kind == STEP_START && !may_be_slow(step, model))
		step->kind = STEP_CREATE;
	/* In the kernel's address space a request for any address has no address. */
	if (step->space == MODEL_KERNEL && (step->options & IOKMEM_MAP_ANYWHERE))
		step->address = 0;
}

/* Choose a map that exists, mostly one in its own address space and by its own name. */
static void decode_name(struct step *step, const __u8 *bytes,
			const struct model *model)
{
	const struct model_map *map = pick(model, bytes[0]);

	if (!map)
		return;
	step->address = map->address;
	step->length = map->length;
	if (bytes[1] % 8)
		step->space = map->space;
	if (bytes[2] % 8)
		use_memory(step, model, map->memory);
	switch (bytes[3]) {
	case 0:
		step->length++;
		break;
	case 1:
		step->length--;
		break;
	case 2:
		step->address++;
		break;
	case 3:
		step->address--;
		break;
	default:
		break;
	}
}

static bool in_arena(const struct step_world *world, __u64 start, __u64 end)
{
	return start >= world->arena && start < end &&
	       end <= world->arena + world->arena_pages * MODEL_PAGE;
}

/* Choose the pages of a mapping, some of them, or those of several mappings. */
static void decode_munmap(struct step *step, const __u8 *bytes,
			  const struct model *model,
			  const struct step_world *world)
{
	const struct model_map *map = pick(model, bytes[0]);
	const struct model_map *other = pick(model, bytes[1]);
	__u64 start, end, other_start, other_end;

	step->address = world->arena;
	step->length = MODEL_PAGE;
	if (!map || map->building || map->space == MODEL_KERNEL)
		return;
	step->space = map->space;
	map = &model->map[model_mapping_of(model, map - model->map)];
	other = &model->map[model_mapping_of(model, other - model->map)];
	model_pages(model, map, &start, &end);
	model_pages(model, other, &other_start, &other_end);
	switch (bytes[2] % 8) {
	case 0:
		if (end - start > MODEL_PAGE)
			start += MODEL_PAGE;
		break;
	case 1:
		if (end - start > MODEL_PAGE)
			end -= MODEL_PAGE;
		break;
	case 2:
	case 3:
		if (in_arena(world, start, other_end))
			end = other_end;
		break;
	default:
		break;
	}
	step->address = start;
	step->length = end - start;
}

/* Find the next mapping under construction, from some number on. */
static void decode_build(struct step *step, __u8 byte, const struct model *model)
{
	int i;

	for (i = 0; i < model->nr_maps; i++) {
		step->map = (byte + i) % model->nr_maps;
		if (model->map[step->map].building) {
			step->space = model->map[step->map].space;
			return;
		}
	}
	step->kind = STEP_QUERY;
}

/* Choose a length: mostly the whole capacity, so that there is something to map. */
static void decode_set_length(struct step *step, const __u8 *bytes,
			      const struct model *model)
{
	const struct model_file *file = &model->file[step->file];

	if (bytes[0] < 128)
		step->length = model->memory[file->memory].capacity;
	else
		step->length = bytes[0] % 24 * MODEL_PAGE + some_bytes(bytes[1]);
}

static enum step_kind possible(enum step_kind kind, const struct model *model,
			       const struct step_world *world)
{
	/* Without maps, only a step that creates one makes sense. */
	if (!model->nr_maps && kind != STEP_SET_LENGTH && kind != STEP_MMAP)
		return STEP_CREATE;
	if ((kind == STEP_START && !world->slow) ||
	    (kind == STEP_MMAP && !world->mmap))
		return STEP_CREATE;
	return kind;
}

/* step_decode - decode a step from bytes, in the current state of the model */
void step_decode(struct step *step, const __u8 bytes[STEP_BYTES],
		 const struct model *model, const struct step_world *world)
{
	*step = (struct step){
		.kind = possible(decode_kind(bytes[0]), model, world),
		.file = bytes[1] % model->nr_files,
		.space = bytes[2] < 160 ? 0 : bytes[2] % world->spaces,
	};
	bytes += 3;

	switch (step->kind) {
	case STEP_CREATE:
	case STEP_START:
		decode_create(step, bytes, model, world);
		break;
	case STEP_MMAP:
		step->space %= MODEL_KERNEL;
		step->offset = bytes[0] % 18 * MODEL_PAGE;
		step->length = bytes[1] % 8 * MODEL_PAGE + 1 + bytes[2];
		step->options = bytes[3] % 2 ? IOKMEM_MAP_READ_ONLY : 0;
		break;
	case STEP_BUILD:
	case STEP_BUILD_FAILS:
		decode_build(step, bytes[0], model);
		break;
	case STEP_RELEASE:
	case STEP_UNMAP:
	case STEP_QUERY:
		decode_name(step, bytes, model);
		break;
	case STEP_MUNMAP:
		step->space %= MODEL_KERNEL;
		decode_munmap(step, bytes, model, world);
		break;
	case STEP_SET_LENGTH:
		decode_set_length(step, bytes, model);
		break;
	case STEP_EXIT:
		step->space %= MODEL_KERNEL;
		break;
	}
}

/* Names for people. */

static void print_options(FILE *to, __u32 options)
{
	static const struct {
		__u32 bit;
		const char *name;
	} names[] = {
		{ IOKMEM_MAP_ANYWHERE, "anywhere" },
		{ IOKMEM_MAP_READ_ONLY, "read-only" },
		{ IOKMEM_MAP_PINNABLE, "pinnable" },
		{ IOKMEM_MAP_STATIC, "static" },
		{ IOKMEM_MAP_REFERENCE, "reference" },
		{ IOKMEM_MAP_UNIQUE, "unique" },
		{ IOKMEM_MAP_PREFAULT, "prefault" },
		{ IOKMEM_MAP_OVERWRITE, "overwrite" },
		{ IOKMEM_MAP_GUARDED_SMALL, "guarded-small" },
		{ IOKMEM_MAP_GUARDED_LARGE, "guarded-large" },
	};
	__u32 left = options & ~IOKMEM_MAP_CACHE_MASK;
	int i;

	fprintf(to, "options");
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(left & names[i].bit))
			continue;
		left &= ~names[i].bit;
		fprintf(to, " %s", names[i].name);
	}
	if (options & IOKMEM_MAP_CACHE_MASK)
		fprintf(to, " cache-%u", (options & IOKMEM_MAP_CACHE_MASK) >>
					 IOKMEM_MAP_CACHE_SHIFT);
	if (left)
		fprintf(to, " %#x", left);
}

/* step_print - print a line about a step */
void step_print(FILE *to, const struct step *step)
{
	static const char * const names[] = {
		[STEP_CREATE] = "create",
		[STEP_START] = "create slowly",
		[STEP_BUILD] = "build",
		[STEP_BUILD_FAILS] = "fail to build",
		[STEP_MMAP] = "mmap",
		[STEP_RELEASE] = "release",
		[STEP_UNMAP] = "unmap",
		[STEP_QUERY] = "query",
		[STEP_MUNMAP] = "munmap",
		[STEP_SET_LENGTH] = "set length",
		[STEP_EXIT] = "exit",
	};

	fprintf(to, "space %d: %s", step->space, names[step->kind]);
	switch (step->kind) {
	case STEP_CREATE:
	case STEP_START:
	case STEP_MMAP:
		fprintf(to, ": file %d, at %#llx, offset %#llx, length %#llx, ",
			step->file, step->address, step->offset, step->length);
		print_options(to, step->options);
		break;
	case STEP_RELEASE:
	case STEP_UNMAP:
	case STEP_QUERY:
	case STEP_MUNMAP:
		fprintf(to, ": file %d, at %#llx, length %#llx",
			step->file, step->address, step->length);
		break;
	case STEP_SET_LENGTH:
		fprintf(to, ": file %d, length %#llx", step->file, step->length);
		break;
	case STEP_BUILD:
	case STEP_BUILD_FAILS:
		fprintf(to, ": map number %d", step->map);
		break;
	case STEP_EXIT:
		break;
	}
	fprintf(to, "\n");
}

/* step_print_map - print a line about a map */
void step_print_map(FILE *to, const struct model_map *map)
{
	fprintf(to, "map %u: memory %d, space %d, at %#llx, ", map->name,
		map->memory, map->space, map->address);
	fprintf(to, "offset %#llx, length %#llx, %lu references, ", map->offset,
		map->length, map->references);
	print_options(to, map->options);
	if (map->inside)
		fprintf(to, ", inside map %u", map->inside);
	if (map->building)
		fprintf(to, ", under construction");
	fprintf(to, "\n");
}
