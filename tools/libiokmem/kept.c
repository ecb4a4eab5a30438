// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings without a map object. They live as long as their descriptor's object, and the
 * program has only their address.
 */
#include <stdlib.h>

#include "internal.h"

/**
 * struct kept_mapping - a mapping in the list of a descriptor
 * @next: the one that was created before
 * @options: of the request
 * @address: of the request
 * @mapping: from the descriptor's first byte on
 *
 * Entries never change, and stay in the list until the descriptor is freed.
 */
struct kept_mapping {
	struct kept_mapping *next;
	uint64_t options;
	uint64_t address;
	struct mapping mapping;
};

/* Return a kept mapping that serves the request, or NULL. */
static struct kept_mapping *find(struct iokmem_desc *desc, uint64_t options,
				 uint64_t address, uint64_t length)
{
	struct kept_mapping *kept;

	kept = __atomic_load_n(&desc->kept, __ATOMIC_ACQUIRE);
	for (; kept; kept = kept->next) {
		if (kept->options == options && kept->address == address &&
		    kept->mapping.length >= length &&
		    __iokmem_mapping_is_ours(&kept->mapping))
			return kept;
	}
	return NULL;
}

/*
 * Add a mapping to the list. If two threads do so for equal requests, the kernel has counted
 * both, and both are in the list.
 */
static int32_t add(struct iokmem_desc *desc, uint64_t options, uint64_t address,
		   uint64_t length, struct kept_mapping **added)
{
	struct kept_mapping *kept = calloc(1, sizeof(*kept));
	int32_t ret;

	if (!kept)
		return IOKMEM_RETURN_ERROR;
	ret = __iokmem_mapping_create(desc, options, address, 0, length, 0, 0,
				      &kept->mapping);
	if (ret) {
		free(kept);
		return ret;
	}
	kept->options = options;
	kept->address = address;
	kept->next = __atomic_load_n(&desc->kept, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&desc->kept, &kept->next, kept, true,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	*added = kept;
	return IOKMEM_RETURN_SUCCESS;
}

/**
 * iokmem_desc_map - map a descriptor's memory for as long as the descriptor exists
 * @desc: the descriptor
 * @options: IOKMEM_MEMORY_MAP_*
 * @address: where, with IOKMEM_MEMORY_MAP_FIXED_ADDRESS; otherwise 0
 * @length: in bytes, from the first one on; 0 means all of the descriptor's length
 * @alignment: 0
 * @mapped_address: out: the address of the first byte
 * @mapped_length: out: the length
 *
 * The function works like iokmem_desc_create_mapping(), but the mapping ends with the last
 * reference to @desc. A further call with equal options returns the address of the existing
 * mapping if that is long enough.
 *
 * Return: as iokmem_desc_create_mapping().
 */
int32_t iokmem_desc_map(struct iokmem_desc *desc, uint64_t options,
			uint64_t address, uint64_t length, uint64_t alignment,
			uint64_t *mapped_address, uint64_t *mapped_length)
{
	struct kept_mapping *kept;
	uint64_t whole;
	int32_t ret;

	if (mapped_address)
		*mapped_address = 0;
	if (mapped_length)
		*mapped_length = 0;
	if (!desc || !mapped_address || !mapped_length || alignment)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	ret = iokmem_desc_get_length(desc, &whole);
	if (ret)
		return ret;
	if (!length)
		length = whole;
	/* A mapping from when the buffer was longer must not serve a longer request. */
	kept = length && length <= whole ? find(desc, options, address, length) :
					   NULL;
	if (!kept) {
		ret = add(desc, options, address, length, &kept);
		if (ret)
			return ret;
	}
	*mapped_address = kept->mapping.address;
	*mapped_length = length;
	return IOKMEM_RETURN_SUCCESS;
}

/* The last reference is gone, so nobody else uses the list. */
void __iokmem_kept_release(struct iokmem_desc *desc)
{
	struct kept_mapping *kept = desc->kept, *next;

	for (; kept; kept = next) {
		next = kept->next;
		__iokmem_mapping_release(desc, &kept->mapping);
		free(kept);
	}
}
