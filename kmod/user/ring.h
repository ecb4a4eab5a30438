/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The entries of a queue that two sides share: see struct iokmem_queue_memory. All reads and writes
 * of the shared memory are here. The module and libiokmem have this file in common.
 *
 * The other side may write anything anywhere at any time. So the size of the queue is never read
 * from the memory. Head, tail and the size of an entry are read once, and checked against the size
 * of the queue. Data is copied out before anybody looks at it. The other side can make an entry
 * wrong, or the queue unusable. It can neither make this side read or write outside the queue, nor
 * make it wait.
 *
 *	head		tail		the first entry begins at head
 *	|		|
 *	[size data][size data]......
 *
 *	tail		head		or the entries continue at the start, where either the
 *	|		|		room behind head is less than an entry's size, or the size
 *	data]...........[size data][	there is of the entry at the start
 *
 * Each side allows one caller at a time.
 */
#ifndef _IOKMEM_RING_H
#define _IOKMEM_RING_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <asm/barrier.h>

#include <uapi/linux/iokmem.h>
#else
#include <linux/iokmem.h>
#endif

static_assert(IOKMEM_QUEUE_OVERHEAD == sizeof(struct iokmem_queue_memory) +
				       sizeof(struct iokmem_queue_appendix), "see above");

/* Bytes before the data of an entry. */
#define IOKMEM_RING_ENTRY	sizeof(struct iokmem_queue_entry)

/**
 * struct iokmem_ring - the memory of a queue, as one side knows it
 * @memory: the memory
 * @size: bytes for entries
 */
struct iokmem_ring {
	struct iokmem_queue_memory *memory;
	__u32 size;
};

/**
 * struct iokmem_ring_place - where an entry is, or where it is to be
 * @at: of its size, in bytes from the first entry
 * @length: of its data, in bytes
 */
struct iokmem_ring_place {
	__u32 at;
	__u32 length;
};

static inline char *iokmem_ring_bytes(const struct iokmem_ring *ring, __u32 at)
{
	return (char *)(ring->memory + 1) + at;
}

/* Make an empty queue. */
static inline void iokmem_ring_format(const struct iokmem_ring *ring)
{
	*ring->memory = (struct iokmem_queue_memory){ .queue_size = ring->size };
	memset(iokmem_ring_bytes(ring, ring->size), 0, sizeof(struct iokmem_queue_appendix));
}

/* Write or return the size at @at, which the other side may change at any time. */
static inline void iokmem_ring_write_size(const struct iokmem_ring *ring, __u32 at, __u32 size)
{
	/* This is the race that the head of this file is about. */
	data_race(memcpy(iokmem_ring_bytes(ring, at), &size, sizeof(size)));
}

static inline __u32 iokmem_ring_read_size(const struct iokmem_ring *ring, __u32 at)
{
	__u32 size;

	/* As above. */
	data_race(memcpy(&size, iokmem_ring_bytes(ring, at), sizeof(size)));
	/* The compiler must not read it again. */
	OPTIMIZER_HIDE_VAR(size);
	return size;
}

/*
 * If an entry begins at @at, and ends at @end or before, describe it and return true. There may be
 * no room for an entry.
 */
static inline bool iokmem_ring_is_entry(const struct iokmem_ring *ring, __u32 at, __u32 end,
					struct iokmem_ring_place *entry)
{
	if (end < at || end - at < IOKMEM_RING_ENTRY)
		return false;
	entry->at = at;
	entry->length = iokmem_ring_read_size(ring, at);
	return entry->length <= end - at - IOKMEM_RING_ENTRY;
}

/* Find the first entry. Return 0, -ENODATA if the queue is empty, or -EBADMSG if it is broken. */
static inline int iokmem_ring_peek(const struct iokmem_ring *ring, struct iokmem_ring_place *entry)
{
	/* Pairs with the release in iokmem_ring_enqueue(). */
	__u32 tail = smp_load_acquire(&ring->memory->tail);
	__u32 head = READ_ONCE(ring->memory->head);

	if (head > ring->size || tail > ring->size)
		return -EBADMSG;
	if (head == tail)
		return -ENODATA;
	if (head < tail)
		return iokmem_ring_is_entry(ring, head, tail, entry) ? 0 : -EBADMSG;
	return iokmem_ring_is_entry(ring, head, ring->size, entry) ||
	       iokmem_ring_is_entry(ring, 0, tail, entry) ? 0 : -EBADMSG;
}

/*
 * Take the first entry, of which @data has room for *@length bytes, and set *@length to its length.
 * Return 0, an error of iokmem_ring_peek(), or -ENOSPC: it is longer, and stays.
 */
static inline int iokmem_ring_dequeue(const struct iokmem_ring *ring, void *data, __u32 *length)
{
	struct iokmem_ring_place entry;
	__u32 room = *length;
	int err;

	err = iokmem_ring_peek(ring, &entry);
	if (err)
		return err;
	*length = entry.length;
	if (entry.length > room)
		return -ENOSPC;
	memcpy(data, iokmem_ring_bytes(ring, entry.at + IOKMEM_RING_ENTRY), entry.length);
	/* Pairs with the acquire in iokmem_ring_enqueue(): its bytes may be written again. */
	smp_store_release(&ring->memory->head, entry.at + IOKMEM_RING_ENTRY + entry.length);
	return 0;
}

/*
 * Find room for an entry of @needed bytes. Return where, or -ENOSPC. Tail never catches up with a
 * head in front of it: that would be an empty queue.
 */
static inline __s64 iokmem_ring_find_room(const struct iokmem_ring *ring, __u32 head, __u32 tail,
					  __u64 needed)
{
	if (head > tail)
		return needed < head - tail ? (__s64)tail : -ENOSPC;
	if (needed <= ring->size - tail)
		return tail;
	return needed < head ? 0 : -ENOSPC;
}

/*
 * Add an entry. Return 0; -EMSGSIZE if it is longer than the queue; -ENOSPC if the queue has no
 * room now; or -EBADMSG if the queue is broken. *@first says that the other side has nothing else
 * left to take, and may have gone to sleep.
 */
static inline int iokmem_ring_enqueue(const struct iokmem_ring *ring, const void *data,
				      __u32 length, bool *first)
{
	/* Pairs with the release in iokmem_ring_dequeue(). */
	__u32 head = smp_load_acquire(&ring->memory->head);
	__u32 tail = READ_ONCE(ring->memory->tail);
	__u64 needed = IOKMEM_RING_ENTRY + (__u64)length;
	__s64 at;

	if (needed > ring->size)
		return -EMSGSIZE;
	if (head > ring->size || tail > ring->size)
		return -EBADMSG;
	at = iokmem_ring_find_room(ring, head, tail, needed);
	if (at < 0)
		return at;

	/* The size tells a reader at the old tail that the entry is at the start. */
	if (at != tail && ring->size - tail >= IOKMEM_RING_ENTRY)
		iokmem_ring_write_size(ring, tail, length);
	iokmem_ring_write_size(ring, at, length);
	memcpy(iokmem_ring_bytes(ring, at + IOKMEM_RING_ENTRY), data, length);
	/* Pairs with the acquire in iokmem_ring_peek(). */
	smp_store_release(&ring->memory->tail, at + needed);
	/*
	 * Either the other side sees the new tail, or this side sees that the other one has taken
	 * everything before.
	 */
	smp_mb();
	*first = READ_ONCE(ring->memory->head) == tail;
	return 0;
}

#endif /* _IOKMEM_RING_H */
