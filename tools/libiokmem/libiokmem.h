/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libiokmem - DriverKit's interface to IOKit's memory, over /dev/iokmem.
 *
 * Names follow DriverKit's classes and methods. Option and return values are DriverKit's own
 * numbers, which differ from the kernel's in <linux/iokmem.h>.
 *
 * Functions that return int32_t return IOKMEM_RETURN_SUCCESS or another IOKMEM_RETURN_*. On
 * failure errno has the reason: the kernel's, as <linux/iokmem.h> describes it; EOPNOTSUPP for
 * options and cache modes that do not exist; or EINVAL for other invalid arguments. A function
 * that fails changes nothing, and sets its results to NULL or 0.
 *
 * Any thread may call any function, also on an object that other threads use. Objects count
 * references: they are created with one, and freed with the last. NULL may be put.
 *
 * After fork() the child has copies of all objects. Its descriptors work like received ones,
 * because the child has not created them. Its maps have no address, since mappings are not
 * inherited; it can create others. The child puts its copies as the parent does.
 *
 * Valgrind does not know these ioctls. Run it with --sim-hints=lax-ioctls, and tell it about
 * mappings by VALGRIND_MAKE_MEM_DEFINED().
 */
#ifndef _LIBIOKMEM_H
#define _LIBIOKMEM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* IOReturn. */
#define IOKMEM_RETURN_SUCCESS		((int32_t)0)
#define IOKMEM_RETURN_ERROR		((int32_t)0xe00002bc)
#define IOKMEM_RETURN_NO_MEMORY		((int32_t)0xe00002bd)
#define IOKMEM_RETURN_NO_RESOURCES	((int32_t)0xe00002be)
#define IOKMEM_RETURN_IPC_ERROR		((int32_t)0xe00002bf)
#define IOKMEM_RETURN_NO_DEVICE		((int32_t)0xe00002c0)
#define IOKMEM_RETURN_BAD_ARGUMENT	((int32_t)0xe00002c2)
#define IOKMEM_RETURN_BAD_MESSAGE_ID	((int32_t)0xe00002c6)
#define IOKMEM_RETURN_UNSUPPORTED	((int32_t)0xe00002c7)
#define IOKMEM_RETURN_BUSY		((int32_t)0xe00002d5)
#define IOKMEM_RETURN_NOT_READY		((int32_t)0xe00002d8)
#define IOKMEM_RETURN_NO_SPACE		((int32_t)0xe00002db)
#define IOKMEM_RETURN_MESSAGE_TOO_LARGE	((int32_t)0xe00002e1)
#define IOKMEM_RETURN_NOT_PERMITTED	((int32_t)0xe00002e2)
#define IOKMEM_RETURN_UNDERRUN		((int32_t)0xe00002e7)
#define IOKMEM_RETURN_OVERRUN		((int32_t)0xe00002e8)

/*
 * Options of a descriptor: its direction, as a device sees it. In is from the device into
 * memory, Out is from memory to the device.
 */
#define IOKMEM_MEMORY_DIRECTION_NONE	0x0u
#define IOKMEM_MEMORY_DIRECTION_IN	0x1u
#define IOKMEM_MEMORY_DIRECTION_OUT	0x2u
#define IOKMEM_MEMORY_DIRECTION_INOUT	0x3u
#define IOKMEM_MEMORY_DIRECTION_OUT_IN	IOKMEM_MEMORY_DIRECTION_INOUT

/*
 * Options of a map. A guard is a range before and behind the map that cannot be accessed: a
 * page (small), or 64 KiB (large). Default is small.
 */
#define IOKMEM_MEMORY_MAP_FIXED_ADDRESS			0x0001u
#define IOKMEM_MEMORY_MAP_READ_ONLY			0x0002u
#define IOKMEM_MEMORY_MAP_GUARDED_MASK			0x001cu
#define IOKMEM_MEMORY_MAP_GUARDED_DEFAULT		0x0000u
#define IOKMEM_MEMORY_MAP_GUARDED_NONE			0x0004u
#define IOKMEM_MEMORY_MAP_GUARDED_SMALL			0x0008u
#define IOKMEM_MEMORY_MAP_GUARDED_LARGE			0x000cu
#define IOKMEM_MEMORY_MAP_CACHE_MODE_MASK		0xff00u
#define IOKMEM_MEMORY_MAP_CACHE_MODE_DEFAULT		0x0000u
#define IOKMEM_MEMORY_MAP_CACHE_MODE_INHIBIT		0x0100u
#define IOKMEM_MEMORY_MAP_CACHE_MODE_COPYBACK		0x0200u
#define IOKMEM_MEMORY_MAP_CACHE_MODE_WRITE_THROUGH	0x0400u
#define IOKMEM_MEMORY_MAP_CACHE_MODE_REAL_TIME		0x0800u
/* Not DriverKit's: the kernel can pin the pages of the map, for O_DIRECT and io_uring. */
#define IOKMEM_MEMORY_MAP_PINNABLE			0x10000u

/* The most members of iokmem_desc_create_with_memory_descriptors(). */
#define IOKMEM_MEMORY_DESCRIPTORS_MAX	32u

/* Options of iokmem_desc_send(): the receiver can neither write to the memory nor change it. */
#define IOKMEM_SEND_READ_ONLY		0x1u
/* The receiver can, although the direction is Out. */
#define IOKMEM_SEND_WRITABLE		0x2u
/* The receiver cannot revoke the descriptor. */
#define IOKMEM_SEND_NO_REVOKE		0x4u

/* Option of iokmem_desc_get_dma_buf(): importers can only read the memory. */
#define IOKMEM_DMA_BUF_READ_ONLY	0x1u

/* Options of iokmem_dma_perform_operation(): one of these. */
#define IOKMEM_DMA_OPERATION_READ	0x1u
#define IOKMEM_DMA_OPERATION_WRITE	0x2u
#define IOKMEM_DMA_OPERATION_ZERO	0x4u

/* IOMemoryDescriptor, and IOBufferMemoryDescriptor. */
struct iokmem_desc;

/* IOMemoryMap. */
struct iokmem_map;

/* IODMACommand. */
struct iokmem_dma;

/* IOService: a device that the program drives by VFIO. */
struct iokmem_device;

/* IODataQueueDispatchSource. */
struct iokmem_queue;

/* IOAddressSegment. */
struct iokmem_address_segment {
	uint64_t address;
	uint64_t length;
};

/* Each function is documented where it is defined. */

/* buffer.c */
int32_t iokmem_buffer_create(uint64_t options, uint64_t capacity,
			     uint64_t alignment, struct iokmem_desc **buffer);
int32_t iokmem_buffer_set_length(struct iokmem_desc *buffer, uint64_t length);
int32_t iokmem_buffer_get_address_range(struct iokmem_desc *buffer,
					struct iokmem_address_segment *range);

/* desc.c */
int32_t iokmem_desc_create_sub_memory_descriptor(uint64_t options,
						 uint64_t offset, uint64_t length,
						 struct iokmem_desc *of,
						 struct iokmem_desc **memory);
int32_t iokmem_desc_create_with_memory_descriptors(uint64_t options,
						   uint32_t count,
						   struct iokmem_desc *const *members,
						   struct iokmem_desc **memory);
struct iokmem_desc *iokmem_desc_get(struct iokmem_desc *desc);
void iokmem_desc_put(struct iokmem_desc *desc);
unsigned int iokmem_desc_get_retain_count(const struct iokmem_desc *desc);
int32_t iokmem_desc_get_length(struct iokmem_desc *desc, uint64_t *length);
int iokmem_desc_get_fd(const struct iokmem_desc *desc);
int32_t iokmem_desc_revoke(struct iokmem_desc *desc);

/* map.c */
int32_t iokmem_desc_create_mapping(struct iokmem_desc *desc, uint64_t options,
				   uint64_t address, uint64_t offset,
				   uint64_t length, uint64_t alignment,
				   struct iokmem_map **map);
struct iokmem_map *iokmem_map_get(struct iokmem_map *map);
void iokmem_map_put(struct iokmem_map *map);
unsigned int iokmem_map_get_retain_count(const struct iokmem_map *map);
uint64_t iokmem_map_get_address(const struct iokmem_map *map);
uint64_t iokmem_map_get_length(const struct iokmem_map *map);
uint64_t iokmem_map_get_offset(const struct iokmem_map *map);

/* kept.c */
int32_t iokmem_desc_map(struct iokmem_desc *desc, uint64_t options,
			uint64_t address, uint64_t length, uint64_t alignment,
			uint64_t *mapped_address, uint64_t *mapped_length);

/* dmabuf.c */
int32_t iokmem_desc_get_dma_buf(struct iokmem_desc *desc, uint64_t options, int *fd);
int32_t iokmem_desc_create_with_dma_buf(uint64_t options, int dma_buf,
					struct iokmem_desc **memory);

/* device.c */
int32_t iokmem_device_create_with_vfio(int container, struct iokmem_device **device);
struct iokmem_device *iokmem_device_get(struct iokmem_device *device);
void iokmem_device_put(struct iokmem_device *device);

/* dma.c */
int32_t iokmem_dma_create(struct iokmem_device *device, uint64_t options,
			  uint64_t max_address_bits, struct iokmem_dma **dma);
struct iokmem_dma *iokmem_dma_get(struct iokmem_dma *dma);
void iokmem_dma_put(struct iokmem_dma *dma);
int32_t iokmem_dma_prepare(struct iokmem_dma *dma, uint64_t options,
			   struct iokmem_desc *memory, uint64_t offset, uint64_t length,
			   uint64_t *flags, uint32_t *nr_segments,
			   struct iokmem_address_segment *segments);
int32_t iokmem_dma_complete(struct iokmem_dma *dma, uint64_t options);
int32_t iokmem_dma_get_preparation(struct iokmem_dma *dma, uint64_t *offset, uint64_t *length,
				   struct iokmem_desc **memory);
int32_t iokmem_dma_perform_operation(struct iokmem_dma *dma, uint64_t options,
				     uint64_t dma_offset, uint64_t length, uint64_t data_offset,
				     struct iokmem_desc *data);

/* client.c */
int32_t iokmem_desc_create_with_client_memory(int client, uint32_t type,
					      struct iokmem_desc **memory);
int32_t iokmem_client_map(int client, uint32_t type, uint32_t options,
			  uint64_t *address, uint64_t *length);
int32_t iokmem_client_unmap(int client, uint32_t type, uint64_t address);

/* queue.c */
int32_t iokmem_queue_create(uint64_t capacity, struct iokmem_queue **queue);
int32_t iokmem_queue_create_with_memory(struct iokmem_desc *desc,
					struct iokmem_queue **queue);
void iokmem_queue_put(struct iokmem_queue *queue);
int32_t iokmem_queue_copy_memory(struct iokmem_queue *queue,
				 struct iokmem_desc **desc);
int32_t iokmem_queue_set_notification(struct iokmem_queue *queue, int sock);
int32_t iokmem_queue_enqueue(struct iokmem_queue *queue, const void *data,
			     uint32_t length);
int32_t iokmem_queue_dequeue(struct iokmem_queue *queue, void *data,
			     uint32_t *length);
int32_t iokmem_queue_peek(struct iokmem_queue *queue, uint32_t *length);

/* socket.c */
int32_t iokmem_desc_send(struct iokmem_desc *desc, int sock, uint64_t options);
int32_t iokmem_desc_receive(int sock, struct iokmem_desc **desc);

#ifdef __cplusplus
}
#endif

#endif /* _LIBIOKMEM_H */
