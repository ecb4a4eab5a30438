// SPDX-License-Identifier: GPL-2.0
/*
 * Queues of data that a driver and a program share (IOSharedDataQueue). All accesses to the shared
 * memory are in ring.h. This file has the rest: the memory itself, calls from several threads and
 * from interrupts, a revoke, and a file descriptor that tells a sleeping program of data.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/iokmem.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "desc/desc.h"
#include "page/compat.h"
#include "user/ring.h"

/**
 * struct iokmem_queue - a queue
 * @desc: its memory; a reference
 * @map: the kernel's map of it; a reference
 * @holder: to be told when @map is revoked
 * @lock: protects @ring, and what is behind it against other callers in the kernel; and @event
 * @ring: the entries; without memory once it has been revoked
 * @event: told of data that the program may be waiting for; or NULL
 */
struct iokmem_queue {
	struct iokmem_desc *desc;
	struct iokmem_map *map;
	struct iokmem_holder holder;
	spinlock_t lock;		/* see above */
	struct iokmem_ring ring;
	struct eventfd_ctx *event;
};

/* The map ends when this has returned. */
static void queue_revoke(void *data)
{
	struct iokmem_queue *queue = data;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	queue->ring.memory = NULL;
	spin_unlock_irqrestore(&queue->lock, flags);
}

static const struct iokmem_holder_ops queue_holder_ops = {
	.revoke = queue_revoke,
};

/* Map the queue's memory, and make an empty queue of it. */
static int queue_map(struct iokmem_queue *queue)
{
	size_t length = iokmem_desc_get_length(queue->desc);
	unsigned long address;
	int err;

	if (length <= IOKMEM_QUEUE_OVERHEAD || length > U32_MAX)
		return -EINVAL;
	queue->map = iokmem_desc_create_mapping_in_task(queue->desc, IOKMEM_KERNEL_TASK, 0,
							IOKMEM_MAP_ANYWHERE, 0, length);
	if (IS_ERR(queue->map))
		return PTR_ERR(queue->map);
	address = iokmem_map_get_address(queue->map);
	err = IS_ALIGNED(address, sizeof(u32)) ? 0 : -EINVAL;
	if (!err) {
		queue->ring.memory = (void *)address;
		queue->ring.size = length - IOKMEM_QUEUE_OVERHEAD;
		iokmem_ring_format(&queue->ring);
		err = iokmem_holder_add(&queue->holder, queue->map, &queue_holder_ops, queue);
	}
	if (err)
		iokmem_map_put(queue->map);
	/* The map has ended already. */
	return err == -ENOENT ? -ENODEV : err;
}

static void queue_unmap(struct iokmem_queue *queue)
{
	iokmem_holder_remove(&queue->holder);
	iokmem_map_put(queue->map);
}

/**
 * iokmem_queue_with_memory_descriptor - make an empty queue of a descriptor's memory
 * @desc: the descriptor, of which the queue takes a reference; its first byte is at a multiple of
 *	four
 *
 * Follows IOSharedDataQueue. The memory has the layout of struct iokmem_queue_memory, and the queue
 * has room for all of the descriptor's length less IOKMEM_QUEUE_OVERHEAD bytes. Programs map the
 * descriptor, writable even if they only take entries. A queue is for one program, which is its
 * other side. Data goes in one direction: either the driver or the program calls enqueue.
 *
 * The program can write anything into the memory. The driver gets wrong data or -EBADMSG then, and
 * nothing worse. After -EBADMSG the driver should end the queue.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: the queue, for iokmem_queue_free(); or ERR_PTR():
 *
 * * -EINVAL: the descriptor has no room for an entry, has 4 GiB or more, or is not aligned
 * * -ENOMEM: no memory
 * * errors of iokmem_desc_map(), such as -EACCES for memory that may only be read
 */
struct iokmem_queue *iokmem_queue_with_memory_descriptor(struct iokmem_desc *desc)
{
	struct iokmem_queue *queue;
	int err;

	queue = kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&queue->lock);
	queue->desc = desc;
	err = queue_map(queue);
	if (err) {
		kfree(queue);
		return ERR_PTR(err);
	}
	iokmem_desc_get(desc);
	return queue;
}
EXPORT_SYMBOL_NS_GPL(iokmem_queue_with_memory_descriptor, IOKMEM_NS);

/**
 * iokmem_queue_with_capacity - make a queue, and memory for it
 * @capacity: bytes for entries, each of which takes four bytes besides its data
 *
 * Follows IOSharedDataQueue::withCapacity(). An entry is in one piece, at the end or at the start
 * of these bytes. So an entry of more than half of them may find no room even in an empty queue.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: as iokmem_queue_with_memory_descriptor(); -EINVAL for a @capacity of 0; -EOVERFLOW for
 * one that leaves no room for the rest.
 */
struct iokmem_queue *iokmem_queue_with_capacity(u32 capacity)
{
	struct iokmem_queue *queue;
	struct iokmem_desc *desc;
	u32 length;

	if (!capacity)
		return ERR_PTR(-EINVAL);
	if (check_add_overflow(capacity, (u32)IOKMEM_QUEUE_OVERHEAD, &length))
		return ERR_PTR(-EOVERFLOW);
	desc = iokmem_buffer_with_options(IOKMEM_DIRECTION_INOUT | IOKMEM_KERNEL_USER_SHARED,
					  length, 0);
	if (IS_ERR(desc))
		return ERR_CAST(desc);
	queue = iokmem_queue_with_memory_descriptor(desc);
	iokmem_desc_put(desc);
	return queue;
}
EXPORT_SYMBOL_NS_GPL(iokmem_queue_with_capacity, IOKMEM_NS);

/**
 * iokmem_queue_with_entries - make a queue for so many entries, and memory for it
 * @nr: how many entries
 * @size: the data of each, in bytes
 *
 * Follows IOSharedDataQueue::withEntries(). There is room for one entry more, since the room of one
 * may be lost at the end.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 * Return: as iokmem_queue_with_capacity(), and -EINVAL for a @nr of 0.
 */
struct iokmem_queue *iokmem_queue_with_entries(u32 nr, u32 size)
{
	u64 capacity;

	if (!nr)
		return ERR_PTR(-EINVAL);
	if (check_mul_overflow((u64)nr + 1, (u64)size + IOKMEM_RING_ENTRY, &capacity) ||
	    capacity > U32_MAX)
		return ERR_PTR(-EOVERFLOW);
	return iokmem_queue_with_capacity(capacity);
}
EXPORT_SYMBOL_NS_GPL(iokmem_queue_with_entries, IOKMEM_NS);

/**
 * iokmem_queue_free - free a queue
 * @queue: the queue, which nobody uses any more
 *
 * The memory stays as long as a program maps it. A driver that wants it to be told revokes the
 * descriptor before.
 *
 * Context: May sleep. Caller must not hold an mmap lock.
 */
void iokmem_queue_free(struct iokmem_queue *queue)
{
	queue_unmap(queue);
	iokmem_desc_put(queue->desc);
	if (queue->event)
		eventfd_ctx_put(queue->event);
	kfree(queue);
}
EXPORT_SYMBOL_NS_GPL(iokmem_queue_free, IOKMEM_NS);

/**
 * iokmem_queue_get_memory_descriptor - return the descriptor of a queue's memory
 * @queue: the queue
 *
 * Follows IOSharedDataQueue::getMemoryDescriptor(). A driver gives it to its program, by
 * iokmem_client_ioctl() for example.
 *
 * Context: Any.
 * Return: the descriptor, of which the caller owns a reference.
 */
struct iokmem_desc *iokmem_queue_get_memory_descriptor(struct iokmem_queue *queue)
{
	return iokmem_desc_get(queue->desc);
}
EXPORT_SYMBOL_NS_GPL(iokmem_queue_get_memory_descriptor, IOKMEM_NS);

/**
 * iokmem_queue_enqueue - add an entry
 * @queue: the queue
 * @data: of the entry, which is copied
 * @length: in bytes; 0 is allowed
 *
 * Follows IODataQueue::enqueue(). If the program has taken all other entries, and may be waiting,
 * the file descriptor of iokmem_queue_set_notification() is told.
 *
 * Context: Any, also in interrupts. Interrupts are off while the entry is copied.
 * Return: 0, or a negative error:
 *
 * * -ENOSPC: the queue is full
 * * -EMSGSIZE: the entry is longer than the queue
 * * -EBADMSG: the program has written nonsense into the queue
 * * -ENODEV: the memory has been revoked
 */
int iokmem_queue_enqueue(struct iokmem_queue *queue, const void *data, u32 length)
{
	unsigned long flags;
	int err = -ENODEV;
	bool first;

	spin_lock_irqsave(&queue->lock, flags);
	if (queue->ring.memory)
		err = iokmem_ring_enqueue(&queue->ring, data, length, &first);
	if (!err && first && queue->event)
		iokmem_eventfd_signal(queue->event);
	spin_unlock_irqrestore(&queue->lock, flags);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_queue_enqueue, IOKMEM_NS);

/**
 * iokmem_queue_dequeue - take the first entry
 * @queue: the queue
 * @data: room for the entry
 * @length: in: the room, in bytes. Out, also with -ENOSPC: the length of the entry
 *
 * Follows IOSharedDataQueue::dequeue(). The entry is copied, so the program cannot change it any
 * more. Its content and its length are whatever the program has written.
 *
 * Context: Any, also in interrupts. Interrupts are off while the entry is copied.
 * Return: 0, or a negative error:
 *
 * * -ENODATA: the queue is empty
 * * -ENOSPC: the entry is longer, and stays
 * * -EBADMSG: the program has written nonsense into the queue
 * * -ENODEV: the memory has been revoked
 */
int iokmem_queue_dequeue(struct iokmem_queue *queue, void *data, u32 *length)
{
	unsigned long flags;
	int err = -ENODEV;

	spin_lock_irqsave(&queue->lock, flags);
	if (queue->ring.memory)
		err = iokmem_ring_dequeue(&queue->ring, data, length);
	spin_unlock_irqrestore(&queue->lock, flags);
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_queue_dequeue, IOKMEM_NS);

/* As iokmem_ring_peek(). */
static int peek_locked(struct iokmem_queue *queue, struct iokmem_ring_place *entry)
{
	lockdep_assert_held(&queue->lock);

	return queue->ring.memory ? iokmem_ring_peek(&queue->ring, entry) : -ENODEV;
}

/**
 * iokmem_queue_peek - tell how long the first entry is
 * @queue: the queue
 * @length: out: in bytes
 *
 * IOSharedDataQueue::peek() returns a pointer to the entry, which the program may write meanwhile.
 * The program may also have written another length by the time of iokmem_queue_dequeue().
 *
 * Context: Any, also in interrupts.
 * Return: 0, or an error of iokmem_queue_dequeue() but -ENOSPC.
 */
int iokmem_queue_peek(struct iokmem_queue *queue, u32 *length)
{
	struct iokmem_ring_place entry;
	unsigned long flags;
	int err;

	spin_lock_irqsave(&queue->lock, flags);
	err = peek_locked(queue, &entry);
	spin_unlock_irqrestore(&queue->lock, flags);
	if (!err)
		*length = entry.length;
	return err;
}
EXPORT_SYMBOL_NS_GPL(iokmem_queue_peek, IOKMEM_NS);

/**
 * iokmem_queue_set_notification - say which file descriptor tells the program of data
 * @queue: the queue, to which the driver adds entries
 * @fd: an eventfd of the calling program; or -1: none any more
 *
 * Follows IODataQueue::setNotificationPort(). The eventfd can be read, and poll() says so, when an
 * entry has come into a queue that was empty, and if there are entries now. The program reads the
 * eventfd, takes entries until there are none, and waits again.
 *
 * Context: May sleep. In the context of the program.
 * Return: 0; -EBADF: there is no such file descriptor; -EINVAL: it is no eventfd.
 */
int iokmem_queue_set_notification(struct iokmem_queue *queue, int fd)
{
	struct eventfd_ctx *event = NULL;
	struct iokmem_ring_place entry;
	unsigned long flags;

	if (fd != -1)
		event = eventfd_ctx_fdget(fd);
	if (IS_ERR(event))
		return PTR_ERR(event);
	spin_lock_irqsave(&queue->lock, flags);
	swap(queue->event, event);
	if (queue->event && !peek_locked(queue, &entry))
		iokmem_eventfd_signal(queue->event);
	spin_unlock_irqrestore(&queue->lock, flags);
	if (event)
		eventfd_ctx_put(event);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iokmem_queue_set_notification, IOKMEM_NS);
