/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IOSharedDataQueue, and what it has of IODataQueue: see IOTypes.h. Not declared is peek(), which
 * returns a pointer to what the program may write meanwhile.
 */
#ifndef _IOKIT_IOSHAREDDATAQUEUE_H
#define _IOKIT_IOSHAREDDATAQUEUE_H

#include <iokit/IOMemoryDescriptor.h>

typedef struct iokmem_queue IOSharedDataQueue;
typedef struct iokmem_queue_memory IODataQueueMemory;
typedef struct iokmem_queue_entry IODataQueueEntry;
typedef struct iokmem_queue_appendix IODataQueueAppendix;

#define DATA_QUEUE_ENTRY_HEADER_SIZE	sizeof(IODataQueueEntry)
#define DATA_QUEUE_MEMORY_HEADER_SIZE	sizeof(IODataQueueMemory)
#define DATA_QUEUE_MEMORY_APPENDIX_SIZE	sizeof(IODataQueueAppendix)

#define iokit_queue(queue)	((IOSharedDataQueue *)iokit_pointer(__func__, queue))

static inline IOSharedDataQueue *IOSharedDataQueue_withCapacity(UInt32 size)
{
	return iokit_queue(iokmem_queue_with_capacity(size));
}

static inline IOSharedDataQueue *IOSharedDataQueue_withEntries(UInt32 numEntries, UInt32 entrySize)
{
	return iokit_queue(iokmem_queue_with_entries(numEntries, entrySize));
}

/* A queue has one owner, so it cannot be retained. */
static inline void IOSharedDataQueue_release(IOSharedDataQueue *queue)
{
	iokmem_queue_free(queue);
}

static inline IOMemoryDescriptor *IOSharedDataQueue_getMemoryDescriptor(IOSharedDataQueue *queue)
{
	return iokmem_queue_get_memory_descriptor(queue);
}

static inline bool IOSharedDataQueue_enqueue(IOSharedDataQueue *queue, void *data, UInt32 dataSize)
{
	return !iokmem_queue_enqueue(queue, data, dataSize);
}

static inline bool IOSharedDataQueue_dequeue(IOSharedDataQueue *queue, void *data,
					     UInt32 *dataSize)
{
	return !iokmem_queue_dequeue(queue, data, dataSize);
}

/* In place of a Mach port there is an eventfd of the calling program, or -1. */
static inline IOReturn IOSharedDataQueue_setNotificationPort(IOSharedDataQueue *queue, int port)
{
	return iokit_from_errno(iokmem_queue_set_notification(queue, port));
}

#endif /* _IOKIT_IOSHAREDDATAQUEUE_H */
