// SPDX-License-Identifier: GPL-2.0
/*
 * Maps (IOMemoryMap): objects that hold a mapping and their descriptor.
 */
#include <stdlib.h>

#include "internal.h"

/**
 * struct iokmem_map - a map
 * @references: how many
 * @desc: the mapped descriptor; the map has a reference
 * @offset: of the first byte in the first parent of @desc
 * @mapping: the kernel's mapping
 */
struct iokmem_map {
	unsigned int references;
	struct iokmem_desc *desc;
	uint64_t offset;
	struct mapping mapping;
};

/**
 * iokmem_desc_create_mapping - map a descriptor's memory into this process
 * @desc: the descriptor
 * @options: IOKMEM_MEMORY_MAP_*
 * @address: where, with IOKMEM_MEMORY_MAP_FIXED_ADDRESS; otherwise 0
 * @offset: of the first byte, in bytes
 * @length: in bytes; 0, with an offset of 0, means all of the descriptor's length
 * @alignment: 0; the memory's own is kept where the whole of it is mapped
 * @map: out: the map, or NULL
 *
 * The kernel chooses the address, and the map has a small guard. A fixed address must be free,
 * and has no guard. The map is read-only if @options ask for that, or if the direction is Out
 * and another process has created the buffer. Otherwise it can be written; if the descriptor was
 * sent read-only, such a map is refused (errno EACCES).
 *
 * Every call creates an object, with one reference. The mapping behind it is shared by the
 * kernel's rule: equal requests get one address, and a range inside a mapping gets an address
 * inside it. The mapping exists until the last object that needs it is freed, in whatever
 * order objects are freed.
 *
 * DriverKit ignores unknown options, an alignment, and an address without the option for a
 * fixed one. This function refuses them.
 *
 * Return: BAD_ARGUMENT: NULL, or one of these; ERROR: everything else, see errno.
 */
int32_t iokmem_desc_create_mapping(struct iokmem_desc *desc, uint64_t options,
				   uint64_t address, uint64_t offset,
				   uint64_t length, uint64_t alignment,
				   struct iokmem_map **map)
{
	struct iokmem_map *new;
	int32_t ret;

	if (map)
		*map = NULL;
	if (!desc || !map)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	new = calloc(1, sizeof(*new));
	if (!new)
		return IOKMEM_RETURN_ERROR;
	ret = __iokmem_mapping_create(desc, options, address, offset, length,
				      alignment, 0, &new->mapping);
	if (ret) {
		free(new);
		return ret;
	}
	new->references = 1;
	new->desc = iokmem_desc_get(desc);
	new->offset = desc->start + offset;
	*map = new;
	return IOKMEM_RETURN_SUCCESS;
}

/**
 * iokmem_map_get - take a reference (OSObject::retain)
 * @map: the map
 *
 * Return: @map.
 */
struct iokmem_map *iokmem_map_get(struct iokmem_map *map)
{
	__iokmem_get(&map->references);
	return map;
}

/**
 * iokmem_map_put - drop a reference (OSObject::release)
 * @map: the map, or NULL
 *
 * The last reference unmaps the memory, unless another map shares it.
 */
void iokmem_map_put(struct iokmem_map *map)
{
	if (!map || !__iokmem_put(&map->references))
		return;
	__iokmem_mapping_release(map->desc, &map->mapping);
	iokmem_desc_put(map->desc);
	free(map);
}

/**
 * iokmem_map_get_retain_count - return the number of references
 * @map: the map
 *
 * For diagnosis only: other threads may change the number at any time.
 *
 * Return: the number, for this object alone.
 */
unsigned int iokmem_map_get_retain_count(const struct iokmem_map *map)
{
	return __atomic_load_n(&map->references, __ATOMIC_RELAXED);
}

/**
 * iokmem_map_get_address - return the address of the map
 * @map: the map
 *
 * Return: the address of the first byte, which is the one at the offset; 0 in a child of the
 * process that mapped it.
 */
uint64_t iokmem_map_get_address(const struct iokmem_map *map)
{
	return __iokmem_mapping_is_ours(&map->mapping) ? map->mapping.address : 0;
}

/**
 * iokmem_map_get_length - return the length of the map
 * @map: the map
 *
 * Return: the requested length. For a map of all, the length of the descriptor at that time.
 */
uint64_t iokmem_map_get_length(const struct iokmem_map *map)
{
	return map->mapping.length;
}

/**
 * iokmem_map_get_offset - return the offset of the map in the descriptor
 * @map: the map
 *
 * As in DriverKit and in the kernel, the offset in a sub-descriptor counts from the start of
 * its first parent.
 *
 * Return: the offset, in bytes.
 */
uint64_t iokmem_map_get_offset(const struct iokmem_map *map)
{
	return map->offset;
}
