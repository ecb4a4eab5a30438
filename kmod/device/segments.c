// SPDX-License-Identifier: GPL-2.0
/*
 * Segments of DMA commands: runs of bytes as the device sees them, cut and aligned as the
 * command's specification says.
 */
#include <linux/module.h>
#include <linux/scatterlist.h>

#include "device/dma.h"
#include "page/compat.h"

static void advance(struct iokmem_dma_cursor *next, size_t bytes)
{
	next->offset += bytes;
	next->skip += bytes;
	while (next->sg && next->skip >= sg_dma_len(next->sg)) {
		next->skip -= sg_dma_len(next->sg);
		next->sg = sg_next(next->sg);
	}
}

/* Move the cursor to @offset, which is in the transfer. */
static void go_to(struct iokmem_dma *dma, struct iokmem_dma_cursor *next, size_t offset)
{
	if (!next->sg || next->offset > offset)
		*next = (struct iokmem_dma_cursor) {
			.sg = dma->view.table->sgl,
			.skip = dma->view.skip,
		};
	advance(next, offset - next->offset);
}

/*
 * Return how long a segment at @address may be, of at most @length bytes, so that the next
 * one may begin where it ends. 0 if there is no such length.
 */
static size_t cut(const struct iokmem_dma_specification *s, u64 address, size_t length)
{
	u64 end = round_down(address + length, (u64)s->alignment_internal_segments);

	if (end <= address)
		return 0;
	return round_down((size_t)(end - address), (size_t)s->alignment_length);
}

/*
 * Take the segment that begins at @next, which is in the transfer, and advance @next to its
 * end. Returns -EDOM if no segment may begin there, or none may end where it has to;
 * -EMSGSIZE if the segment has addresses of more than @bits bits. @next stays then.
 */
static int take_segment(const struct iokmem_dma *dma, struct iokmem_dma_cursor *next,
			unsigned int bits, struct iokmem_dma_segment *segment)
{
	const struct iokmem_dma_specification *s = &dma->specification;
	size_t left = dma->length - next->offset;
	u64 address = sg_dma_address(next->sg) + next->skip;
	u64 alignment = next->offset ? s->alignment_internal_segments : s->alignment;
	size_t run = sg_dma_len(next->sg) - next->skip, length;
	struct scatterlist *sg = sg_next(next->sg);

	/* Join entries that are neighbours for the device, up to the longest segment. */
	for (; run < left && run <= s->max_segment_size; sg = sg_next(sg)) {
		if (!sg || sg_dma_address(sg) != address + run)
			break;
		run += sg_dma_len(sg);
	}
	length = min(run, left);
	if (length > s->max_segment_size)
		length = cut(s, address, s->max_segment_size);
	if (!length || !IS_ALIGNED(address, alignment) ||
	    !IS_ALIGNED(length, s->alignment_length))
		return -EDOM;
	if (bits && bits < 64 && (address + length - 1) >> bits)
		return -EMSGSIZE;
	segment->address = address;
	segment->length = length;
	if (length < run)
		advance(next, length);
	else
		*next = (struct iokmem_dma_cursor) {
			.sg = sg,
			.offset = next->offset + length,
		};
	return 0;
}

static bool takes_anything(const struct iokmem_dma_specification *s)
{
	return !s->address_bits && s->max_segment_size == SIZE_MAX && s->alignment == 1 &&
	       s->alignment_length == 1 && s->alignment_internal_segments == 1;
}

/*
 * iokmem_dma_check_segments - check that the device can take all that is prepared
 *
 * Segments that begin elsewhere than at the first byte may still be refused.
 */
int iokmem_dma_check_segments(struct iokmem_dma *dma)
{
	struct iokmem_dma_cursor next = {};
	int err;

	lockdep_assert_held(&dma->lock);

	if (takes_anything(&dma->specification))
		return 0;
	for (go_to(dma, &next, 0); next.offset < dma->length;) {
		struct iokmem_dma_segment segment;

		err = take_segment(dma, &next, dma->specification.address_bits,
				   &segment);
		if (err)
			return err;
	}
	return 0;
}

/*
 * Call @put for up to @nr segments from @offset on. Sets @nr to the number of segments, and
 * @offset to the end of the last one. Inline, so that @put is inlined, too.
 */
static __always_inline int
gen_segments(struct iokmem_dma *dma, size_t *offset, unsigned int *nr, unsigned int bits,
	     void *segments, void (*put)(void *segments, unsigned int i,
					 const struct iokmem_dma_segment *segment))
{
	struct iokmem_dma_cursor next;
	unsigned int i;
	int err;

	if (!*nr)
		return -EINVAL;
	err = iokmem_dma_check_prepared(dma);
	if (err)
		return err;
	if (*offset >= dma->length)
		return -ERANGE;

	next = dma->next;
	go_to(dma, &next, *offset);
	for (i = 0; i < *nr && next.offset < dma->length; i++) {
		struct iokmem_dma_segment segment;

		err = take_segment(dma, &next, bits, &segment);
		if (err)
			return err;
		put(segments, i, &segment);
	}
	dma->next = next;
	*offset = next.offset;
	*nr = i;
	return 0;
}

static void put_segment(void *segments, unsigned int i,
			const struct iokmem_dma_segment *segment)
{
	((struct iokmem_dma_segment *)segments)[i] = *segment;
}

/**
 * iokmem_dma_gen_segments - generate the segments to tell the device
 * @dma: the command, prepared
 * @offset: of the first byte, counted from the first one prepared; out: of the byte after
 *	the last segment
 * @segments: out: runs of bytes, as the device sees them
 * @nr: how many segments there is room for; out: how many there are
 *
 * Follows IODMACommand::gen64IOVMSegments(). Segments that do not fit into @segments are
 * for the next call: callers loop until @offset is the prepared length. Neighbours are
 * joined, and cut as the specification says. A call may start over, or anywhere else.
 *
 * Context: May sleep.
 * Return: 0, or a negative error; then @offset and @nr are as they were:
 *
 * * -EINVAL: @nr is 0
 * * -EBADFD: the command is not prepared
 * * -ENODEV: the driver has left the device, or the descriptor has been revoked
 * * -ERANGE: @offset is not before the end
 * * -EDOM: a segment at @offset would not be aligned as specified, since no earlier segment
 *   has ended there
 */
int iokmem_dma_gen_segments(struct iokmem_dma *dma, size_t *offset,
			    struct iokmem_dma_segment *segments, unsigned int *nr)
{
	int err;

	mutex_lock(&dma->lock);
	err = gen_segments(dma, offset, nr, 0, segments, put_segment);
	mutex_unlock(&dma->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_gen_segments, IOKMEM_NS);

static void put_segment32(void *segments, unsigned int i,
			  const struct iokmem_dma_segment *segment)
{
	((struct iokmem_dma_segment32 *)segments)[i] = (struct iokmem_dma_segment32) {
		.address = lower_32_bits(segment->address),
		.length = lower_32_bits(segment->length),
	};
}

/**
 * iokmem_dma_gen_segments32 - generate segments for a device that takes 32 bits
 * @dma: the command, prepared
 * @offset: as for iokmem_dma_gen_segments()
 * @segments: as for iokmem_dma_gen_segments()
 * @nr: as for iokmem_dma_gen_segments()
 *
 * Follows IODMACommand::gen32IOVMSegments().
 *
 * Context: May sleep.
 * Return: as iokmem_dma_gen_segments(), and -EMSGSIZE if an address has more than 32
 * bits. The content of @segments is undefined then.
 */
int iokmem_dma_gen_segments32(struct iokmem_dma *dma, size_t *offset,
			      struct iokmem_dma_segment32 *segments, unsigned int *nr)
{
	int err;

	mutex_lock(&dma->lock);
	err = gen_segments(dma, offset, nr, 32, segments, put_segment32);
	mutex_unlock(&dma->lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_dma_gen_segments32, IOKMEM_NS);
