// SPDX-License-Identifier: GPL-2.0
/*
 * Queues of data between two programs, or a program and a driver (IODataQueueDispatchSource). All
 * accesses to the shared memory are in ring.h, which the module has as well.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

/* The kernel's macros that ring.h uses. */
#define READ_ONCE(x)			__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value)		__atomic_store_n(&(x), value, __ATOMIC_RELAXED)
/* ring.h says what each of these barriers pairs with. */
#define smp_load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)	/* as above */
#define smp_store_release(p, value)	__atomic_store_n(p, value, __ATOMIC_RELEASE) /* as above */
#define smp_mb()			__atomic_thread_fence(__ATOMIC_SEQ_CST)	/* as above */
#define OPTIMIZER_HIDE_VAR(x)		__asm__("" : "+r"(x))
#define data_race(x)			(x)	/* ring.h says which */

#include "../../kmod/user/ring.h"

/**
 * struct iokmem_queue - a queue
 * @desc: its memory; the queue has a reference
 * @mapping: all of the memory
 * @ring: the entries
 * @notification: socket by which the other side is told of data, or -1
 * @busy: a thread is adding or taking an entry
 */
struct iokmem_queue {
	struct iokmem_desc *desc;
	struct mapping mapping;
	struct iokmem_ring ring;
	int notification;
	bool busy;
};

/*
 * Reserve one side of the queue for this thread. A child after fork() does not have the memory.
 * Return 0 or a negative errno.
 */
static int begin(struct iokmem_queue *queue)
{
	if (!__iokmem_mapping_is_ours(&queue->mapping))
		return -ENOENT;
	return __atomic_exchange_n(&queue->busy, true, __ATOMIC_ACQUIRE) ? -EBUSY : 0;
}

static void end(struct iokmem_queue *queue)
{
	__atomic_store_n(&queue->busy, false, __ATOMIC_RELEASE);
}

/* Return what @err, a negative errno, says in DriverKit's numbers. -ENOSPC says @no_space. */
static int32_t result(int err, int32_t no_space)
{
	switch (err) {
	case 0:
		return IOKMEM_RETURN_SUCCESS;
	case -ENOSPC:
		return __iokmem_fail(no_space, -err);
	case -ENODATA:
		return __iokmem_fail(IOKMEM_RETURN_UNDERRUN, -err);
	case -EMSGSIZE:
		return __iokmem_fail(IOKMEM_RETURN_MESSAGE_TOO_LARGE, -err);
	case -EBADMSG:
		return __iokmem_fail(IOKMEM_RETURN_BAD_MESSAGE_ID, -err);
	case -EBUSY:
		return __iokmem_fail(IOKMEM_RETURN_BUSY, -err);
	default:
		return __iokmem_fail(IOKMEM_RETURN_ERROR, -err);
	}
}

/* Make an object for a queue in the memory of @desc. If it is @new, the queue is made, too. */
static int32_t create(struct iokmem_desc *desc, bool new, struct iokmem_queue **queue)
{
	struct iokmem_queue *q = calloc(1, sizeof(*q));
	uint64_t room;
	int32_t ret;

	if (!q)
		return IOKMEM_RETURN_NO_MEMORY;
	/* It could only be read. */
	if (!new && desc->direction == IOKMEM_MEMORY_DIRECTION_OUT) {
		free(q);
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EACCES);
	}
	ret = __iokmem_mapping_create(desc, 0, 0, 0, 0, 0, 0, &q->mapping);
	if (ret) {
		free(q);
		return ret;
	}
	q->notification = -1;
	q->desc = iokmem_desc_get(desc);
	q->ring.memory = (void *)(uintptr_t)q->mapping.address;
	room = q->mapping.length > IOKMEM_QUEUE_OVERHEAD && q->mapping.length <= UINT32_MAX ?
	       q->mapping.length - IOKMEM_QUEUE_OVERHEAD : 0;
	if (new) {
		q->ring.size = room;
		iokmem_ring_format(&q->ring);
	} else if (room) {
		q->ring.size = READ_ONCE(q->ring.memory->queue_size);
	}
	if (!q->ring.size || q->ring.size > room || q->mapping.address % sizeof(uint32_t)) {
		iokmem_queue_put(q);
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	}
	*queue = q;
	return IOKMEM_RETURN_SUCCESS;
}

/**
 * iokmem_queue_create - make a queue, and memory for it (IODataQueueDispatchSource::Create)
 * @capacity: bytes for entries, each of which takes four bytes besides its data
 * @queue: out: the queue, or NULL
 *
 * One side adds entries, and the other takes them. The other side is a process that is sent the
 * descriptor of iokmem_queue_copy_memory(): writable, even if it only takes entries, and with
 * IOKMEM_SEND_NO_REVOKE. An entry is in one piece, so one of more than half of the capacity may
 * find no room even in an empty queue.
 *
 * One thread at a time may add or take an entry by this object. Another one is refused meanwhile.
 *
 * Return: BAD_ARGUMENT: NULL, a capacity of 0, or of about 4 GiB or more; or as
 * iokmem_buffer_create() and iokmem_desc_create_mapping().
 */
int32_t iokmem_queue_create(uint64_t capacity, struct iokmem_queue **queue)
{
	struct iokmem_desc *desc;
	int32_t ret;

	if (!queue)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	*queue = NULL;
	if (!capacity || capacity > UINT32_MAX - IOKMEM_QUEUE_OVERHEAD)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	ret = iokmem_buffer_create(IOKMEM_MEMORY_DIRECTION_INOUT, capacity + IOKMEM_QUEUE_OVERHEAD,
				   0, &desc);
	if (ret)
		return ret;
	ret = create(desc, true, queue);
	iokmem_desc_put(desc);
	return ret;
}

/**
 * iokmem_queue_create_with_memory - use a queue that somebody else has made
 * @desc: its memory, from another process or from a driver
 * @queue: out: the queue, or NULL
 *
 * The other side can write anything into the memory. It can make calls of this side fail, and
 * entries wrong. If it can revoke the memory, it can also make calls of this side raise SIGBUS.
 *
 * Return: BAD_ARGUMENT: NULL, or there is no queue in this memory; or as
 * iokmem_desc_create_mapping().
 */
int32_t iokmem_queue_create_with_memory(struct iokmem_desc *desc, struct iokmem_queue **queue)
{
	if (queue)
		*queue = NULL;
	if (!desc || !queue)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	return create(desc, false, queue);
}

/**
 * iokmem_queue_put - free a queue's object
 * @queue: the queue, or NULL
 *
 * The other side keeps the memory.
 */
void iokmem_queue_put(struct iokmem_queue *queue)
{
	if (!queue)
		return;
	__iokmem_mapping_release(queue->desc, &queue->mapping);
	iokmem_desc_put(queue->desc);
	free(queue);
}

/**
 * iokmem_queue_copy_memory - return the memory of a queue (IODataQueueDispatchSource::CopyMemory)
 * @queue: the queue
 * @desc: out: its descriptor, with a reference for the caller; or NULL
 *
 * Return: BAD_ARGUMENT: NULL.
 */
int32_t iokmem_queue_copy_memory(struct iokmem_queue *queue, struct iokmem_desc **desc)
{
	if (desc)
		*desc = NULL;
	if (!queue || !desc)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	*desc = iokmem_desc_get(queue->desc);
	return IOKMEM_RETURN_SUCCESS;
}

/**
 * iokmem_queue_set_notification - say how the other side is told of data
 * @queue: the queue, to which this side adds entries
 * @sock: a Unix socket that is connected to the other side, and that the caller keeps; or -1: none
 *
 * A byte is sent when an entry has come into a queue that was empty, or nothing if the socket is
 * full. The other side waits for the byte by poll(), receives it, and takes entries until there are
 * none. A file descriptor that others can make a write wait for, such as an eventfd, would not do.
 *
 * Return: BAD_ARGUMENT: NULL, or @sock is no socket.
 */
int32_t iokmem_queue_set_notification(struct iokmem_queue *queue, int sock)
{
	socklen_t size = sizeof(int);
	int type;

	if (!queue)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (sock != -1 && getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &size))
		return IOKMEM_RETURN_BAD_ARGUMENT;
	__atomic_store_n(&queue->notification, sock, __ATOMIC_RELAXED);
	return IOKMEM_RETURN_SUCCESS;
}

/* If the socket is full, the other side has bytes to receive. If it is closed, nobody waits. */
static void notify(const struct iokmem_queue *queue)
{
	int sock = __atomic_load_n(&queue->notification, __ATOMIC_RELAXED);

	if (sock != -1)
		send(sock, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/**
 * iokmem_queue_enqueue - add an entry (IODataQueueDispatchSource::Enqueue)
 * @queue: the queue
 * @data: of the entry, which is copied
 * @length: in bytes; 0 is allowed
 *
 * Return: BAD_ARGUMENT: NULL; OVERRUN: the queue is full; MESSAGE_TOO_LARGE: the entry is longer
 * than the queue; BAD_MESSAGE_ID: the other side has written nonsense; BUSY: another thread uses
 * the queue; ERROR, with errno ENOENT: the caller is a child of the process that has the queue.
 */
int32_t iokmem_queue_enqueue(struct iokmem_queue *queue, const void *data, uint32_t length)
{
	bool first = false;
	int err;

	if (!queue || !data)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	err = begin(queue);
	if (!err) {
		err = iokmem_ring_enqueue(&queue->ring, data, length, &first);
		end(queue);
	}
	if (first)
		notify(queue);
	return result(err, IOKMEM_RETURN_OVERRUN);
}

/**
 * iokmem_queue_dequeue - take the first entry (IODataQueueDispatchSource::Dequeue)
 * @queue: the queue
 * @data: room for the entry
 * @length: in: the room, in bytes; out, also if that is too little: the length of the entry
 *
 * The entry is copied, so the other side cannot change it any more.
 *
 * Return: BAD_ARGUMENT: NULL; UNDERRUN: the queue is empty; NO_SPACE: the entry is longer than the
 * room, and stays; BAD_MESSAGE_ID, BUSY, ERROR: as iokmem_queue_enqueue().
 */
int32_t iokmem_queue_dequeue(struct iokmem_queue *queue, void *data, uint32_t *length)
{
	int err;

	if (!queue || !data || !length)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	err = begin(queue);
	if (!err) {
		err = iokmem_ring_dequeue(&queue->ring, data, length);
		end(queue);
	}
	return result(err, IOKMEM_RETURN_NO_SPACE);
}

/**
 * iokmem_queue_peek - tell how long the first entry is (IODataQueueDispatchSource::Peek)
 * @queue: the queue
 * @length: out: in bytes, or 0
 *
 * The other side may have written another length by the time of iokmem_queue_dequeue(). DriverKit's
 * passes the entry itself, which the other side may write meanwhile.
 *
 * Return: as iokmem_queue_dequeue(), but not NO_SPACE.
 */
int32_t iokmem_queue_peek(struct iokmem_queue *queue, uint32_t *length)
{
	struct iokmem_ring_place entry = { 0 };
	int err;

	if (length)
		*length = 0;
	if (!queue || !length)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	err = begin(queue);
	if (!err) {
		err = iokmem_ring_peek(&queue->ring, &entry);
		end(queue);
	}
	if (!err)
		*length = entry.length;
	return result(err, IOKMEM_RETURN_ERROR);
}
