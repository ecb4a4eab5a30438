/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers of the suites of DMA commands: commands, memory of known layout, and walks over
 * segments. The end of the test puts what these functions create.
 */
#ifndef _IOKMEM_KUNIT_DMA_HELPERS_H
#define _IOKMEM_KUNIT_DMA_HELPERS_H

#include "kinds.h"

#define SEGMENTS	32

/* A specification that allows any segment. */
extern const struct iokmem_dma_specification anything;

void put_dma_now(struct kunit *test, struct iokmem_dma *dma);

struct iokmem_dma *command(struct kunit *test, struct device *dev,
			   const struct iokmem_dma_specification *specification);

/*
 * Create a command that has @desc and is not prepared. Its device is not that of coherent
 * memory.
 */
struct iokmem_dma *command_for(struct kunit *test, struct iokmem_desc *desc,
			       const struct iokmem_dma_specification *specification);

/* Create a descriptor of scattered memory: no two pages are neighbours. */
struct iokmem_desc *scattered(struct kunit *test, unsigned int pages);

struct iokmem_desc *contiguous(struct kunit *test, size_t length);

/* Create and prepare a descriptor of scattered memory, in runs of two pages. */
struct iokmem_desc *in_runs(struct kunit *test, unsigned int runs);

/* Expect byte @offset of @desc at @address, for a device that sees physical addresses. */
void expect_address(struct kunit *test, struct iokmem_desc *desc, size_t offset,
		    u64 address);

/*
 * Walk over all segments, @at_once in each call, and expect all bytes in order. Returns how
 * many segments there are.
 */
unsigned int walk(struct kunit *test, struct iokmem_dma *dma,
		  struct iokmem_desc *desc, unsigned int at_once);

#endif /* _IOKMEM_KUNIT_DMA_HELPERS_H */
