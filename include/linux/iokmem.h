/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iokmem - memory descriptors for Linux, after IOKit's: the interface for drivers.
 *
 * A *descriptor* names some memory. It has a length, a direction, a cache mode and a list
 * of maps. A *map* is a window of a descriptor in one address space; compatible requests
 * share one map. In short, a driver does this:
 *
 *	buffer = iokmem_buffer_in_task_with_options(NULL, IOKMEM_DIRECTION_INOUT,
 *						    SZ_8M, 0);
 *	map = iokmem_desc_create_mapping_in_task(buffer, task, 0,
 *						 IOKMEM_MAP_ANYWHERE, 0, 0);
 *	... iokmem_map_get_address(map) is where the task sees the buffer ...
 *	iokmem_map_put(map);
 *	iokmem_desc_put(buffer);
 *
 * Functions are named after IOKit's classes and methods. The kernel-doc of a function is at
 * its definition. Where IOKit returns NULL or an IOReturn, the function returns
 * ERR_PTR(-errno) or -errno. The errors have the meanings that the head of
 * <uapi/linux/iokmem.h> lists, and also these:
 *
 *	-ESRCH: the task has exited
 *	-EDEADLK: the caller holds the mmap lock of the task
 *	-EINVAL: the task is a kernel thread and has no address space
 *	-ENOSPC: more bytes than the buffer, or the queue, has room for; more members than a
 *		multi-descriptor can have
 *	-EBADFD: the memory is not prepared
 *	-EACCES: the memory may only be read, or is a range that is prepared for reading only;
 *		the task that is charged has no CAP_SYS_ADMIN, for contiguous memory that no
 *		cgroup can be charged with
 *	-EFAULT: a range of addresses has a hole; a guard page
 *	-EPERM: a physical address of memory that the kernel uses; the task that is charged
 *		would exceed its RLIMIT_MEMLOCK
 *	-EIO: memory could not be read from swap, the hardware has lost some of it, or a
 *		dma-buf could not be made ready
 *	-ENXIO: the addresses of a mapping that is to be recorded show other memory
 *	-ENODEV: the memory has been revoked; or the device has been removed, or its
 *		driver unbound
 *	-EXDEV: coherent memory of another device; a dma-buf that its exporter does not map
 *		for the device
 *	-EDOM: memory that is not aligned as a DMA command specifies
 *	-EMSGSIZE: a bus address with more bits than the DMA command specifies; memory that
 *		the device does not reach; an entry that is longer than its queue
 *	-ENOBUFS: the DMA API has no room: for addresses, or for bounce buffers
 *	-EALREADY: the DMA command is prepared for another range
 *	-ENODATA: the queue is empty
 *	-EBADMSG: the program has written nonsense into the queue
 *
 * A module that uses these functions must contain IOKMEM_IMPORT_NS(); once.
 */
#ifndef _LINUX_IOKMEM_H
#define _LINUX_IOKMEM_H

#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/types.h>

/*
 * Options of a map: IOKMEM_MAP_*. The same bits mean other things in the options of a buffer, so
 * sparse tells the two apart. A cache mode is an option of both: see iokmem_map_cache(). The module
 * itself takes options from programs, and defines IOKMEM_PLAIN_OPTIONS.
 */
#ifdef IOKMEM_PLAIN_OPTIONS
typedef u32 iokmem_map_options_t;
#else
typedef u32 __bitwise iokmem_map_options_t;
#undef __IOKMEM_MAP
#define __IOKMEM_MAP(bits)	((__force iokmem_map_options_t)(bits))
#endif

#include <uapi/linux/iokmem.h>

/* Return the option of a map that asks for a cache mode, IOKMEM_MAP_*_CACHE. */
static inline iokmem_map_options_t iokmem_map_cache(u32 mode)
{
	return (__force iokmem_map_options_t)mode;
}

struct device;
struct dma_buf;
struct file;
struct iokmem_desc;
struct iokmem_dma;
struct iokmem_map;
struct iokmem_queue;
struct task_struct;
struct vm_area_struct;

/* An option of a range of addresses: the memory behind it is fixed when it is made. */
#define IOKMEM_PERSISTENT		0x00010000u

/* Operations of iokmem_desc_perform_operation(). */
#define IOKMEM_INCOHERENT_IO_FLUSH	1u
#define IOKMEM_INCOHERENT_IO_STORE	2u

/* Numbers of preparations: the memory is not prepared, or always. Others are greater. */
#define IOKMEM_UNPREPARED		0u
#define IOKMEM_ALWAYS_PREPARED		2u

/**
 * enum iokmem_class - what a descriptor is, by the names of IOKit's classes
 * @IOKMEM_CLASS_GENERAL: IOGeneralMemoryDescriptor: ranges of addresses, physical memory; and
 *	dma-bufs
 * @IOKMEM_CLASS_BUFFER: IOBufferMemoryDescriptor
 * @IOKMEM_CLASS_SUB: IOSubMemoryDescriptor
 * @IOKMEM_CLASS_MULTI: IOMultiMemoryDescriptor
 * @IOKMEM_CLASS_GUARD: IOGuardPageMemoryDescriptor
 */
enum iokmem_class {
	IOKMEM_CLASS_GENERAL,
	IOKMEM_CLASS_BUFFER,
	IOKMEM_CLASS_SUB,
	IOKMEM_CLASS_MULTI,
	IOKMEM_CLASS_GUARD,
};

/**
 * struct iokmem_holder_ops - a driver's functions for a map that is revoked
 * @revoke: stop using the map's addresses before returning
 */
struct iokmem_holder_ops {
	void (*revoke)(void *data);
};

/**
 * struct iokmem_holder - a driver to be told when a map is revoked; see iokmem_holder_add()
 * @node: in the mapping's list, until the holder is told
 * @map: the map
 * @ops: the functions to call
 * @data: their argument
 * @running: @ops->revoke() is running
 *
 * The driver allocates the structure wherever it likes. Its members are private to iokmem.
 * @node is protected by the map's lock.
 */
struct iokmem_holder {
	struct list_head node;
	struct iokmem_map *map;
	const struct iokmem_holder_ops *ops;
	void *data;
	bool running;
};

/**
 * struct iokmem_dma_specification - the limits of a device for one transfer
 * @address_bits: number of bits of a bus address; 0: as many as the device's DMA mask has
 * @max_segment_size: the longest segment, in bytes; 0: any
 * @max_transfer_size: the longest transfer, in bytes; 0: any
 * @alignment: of the first segment's bus address, in bytes: a power of two; 0: any
 * @alignment_length: the lengths of the transfer and of each segment are multiples of
 *	this; in bytes, a power of two; 0: any
 * @alignment_internal_segments: of the bus address of all other segments, in bytes: a power
 *	of two; 0: as @alignment
 *
 * Follows IODMACommand::SegmentOptions. The limits that the device's driver has set in the
 * DMA API (dma_set_mask(), dma_set_max_seg_size()) also apply. A specification cannot
 * widen them.
 */
struct iokmem_dma_specification {
	unsigned int address_bits;
	size_t max_segment_size;
	size_t max_transfer_size;
	u32 alignment;
	u32 alignment_length;
	u32 alignment_internal_segments;
};

/**
 * struct iokmem_dma_segment - contiguous bytes, as the device sees them
 * @address: on the bus
 * @length: in bytes
 */
struct iokmem_dma_segment {
	u64 address;
	u64 length;
};

/**
 * struct iokmem_dma_segment32 - contiguous bytes, as a device with 32 address bits sees them
 * @address: on the bus
 * @length: in bytes
 */
struct iokmem_dma_segment32 {
	u32 address;
	u32 length;
};

/* IOKit's kernel_task: the kernel's own address space, as the task of a map. */
#define IOKMEM_KERNEL_TASK	(&init_task)

/* MODULE_IMPORT_NS(), whose argument became a string in 6.13. */
#define IOKMEM_IMPORT_NS()	MODULE_INFO(import_ns, "IOKMEM")

/* IOBufferMemoryDescriptor. The caller owns the reference that a factory returns. */
struct iokmem_desc *
iokmem_buffer_in_task_with_options(struct task_struct *task, u32 options,
				   size_t capacity, size_t alignment);
struct iokmem_desc *
iokmem_buffer_in_task_with_physical_mask(struct task_struct *task, u32 options,
					 size_t capacity, u64 physical_mask);
struct iokmem_desc *
iokmem_buffer_in_task_with_guard_pages(struct task_struct *task, u32 options, size_t capacity);
struct iokmem_desc *
iokmem_buffer_charged_to(struct task_struct *payer, struct task_struct *task, u32 options,
			 size_t capacity, size_t alignment, u64 physical_mask);
struct iokmem_desc *
iokmem_buffer_in_task_on_node(struct task_struct *task, u32 options, size_t capacity,
			      size_t alignment, int nid);
struct iokmem_desc *iokmem_buffer_with_options(u32 options, size_t capacity,
					       size_t alignment);
struct iokmem_desc *iokmem_buffer_with_capacity(size_t capacity, u32 direction,
						bool contiguous);
struct iokmem_desc *iokmem_buffer_with_bytes(const void *bytes, size_t length,
					     u32 direction, bool contiguous);
struct iokmem_desc *iokmem_buffer_coherent(struct device *dev, u32 options,
					   size_t capacity);
int iokmem_buffer_get_dma_address(const struct iokmem_desc *desc,
				  dma_addr_t *address);
size_t iokmem_buffer_get_capacity(const struct iokmem_desc *desc);
int iokmem_buffer_set_length(struct iokmem_desc *desc, size_t length);
int iokmem_buffer_set_direction(struct iokmem_desc *desc, u32 direction);
void *iokmem_buffer_get_bytes_no_copy(struct iokmem_desc *desc);
void *iokmem_buffer_get_bytes_no_copy_range(struct iokmem_desc *desc,
					    size_t start, size_t length);
unsigned long iokmem_buffer_get_address(struct iokmem_desc *desc);
int iokmem_buffer_append_bytes(struct iokmem_desc *desc, const void *bytes,
			       size_t length);

/* Other descriptors. The caller owns the reference that a factory returns. */
struct iokmem_desc *iokmem_desc_with_address(void *address, size_t length,
					     u32 direction);
struct iokmem_desc *iokmem_desc_with_address_range(u64 address, size_t length,
						   u32 options,
						   struct task_struct *task);
struct iokmem_desc *
iokmem_desc_with_address_ranges(const struct iokmem_address_range *ranges,
				unsigned int nr, u32 options,
				struct task_struct *task);
struct iokmem_desc *iokmem_desc_with_physical_address(phys_addr_t address,
						      size_t length, u32 options);
struct iokmem_desc *iokmem_device_memory_with_range(struct device *dev, phys_addr_t address,
						    size_t length, u32 options);
struct iokmem_desc *
iokmem_desc_with_persistent_memory_descriptor(struct iokmem_desc *original);
struct iokmem_desc *iokmem_sub_with_sub_range(struct iokmem_desc *parent,
					      size_t offset, size_t length,
					      u32 direction);
struct iokmem_desc *iokmem_multi_with_descriptors(struct iokmem_desc *const *descs,
						  unsigned int nr, u32 direction);
struct iokmem_desc *iokmem_guard_with_size(size_t size);

/* IOMemoryDescriptor */
struct iokmem_desc *iokmem_desc_get(struct iokmem_desc *desc);
void iokmem_desc_put(struct iokmem_desc *desc);
void iokmem_desc_put_async(struct iokmem_desc *desc);
size_t iokmem_desc_get_length(const struct iokmem_desc *desc);
size_t iokmem_desc_get_dma_map_length(struct iokmem_desc *desc, size_t *offset);
u32 iokmem_desc_get_direction(const struct iokmem_desc *desc);
u32 iokmem_desc_get_cache_mode(const struct iokmem_desc *desc);
u32 iokmem_desc_get_tag(const struct iokmem_desc *desc);
void iokmem_desc_set_tag(struct iokmem_desc *desc, u32 tag);
int iokmem_desc_prepare(struct iokmem_desc *desc, u32 direction);
int iokmem_desc_complete(struct iokmem_desc *desc, u32 direction);
int iokmem_desc_read_bytes(struct iokmem_desc *desc, size_t offset, void *bytes,
			   size_t length);
int iokmem_desc_write_bytes(struct iokmem_desc *desc, size_t offset,
			    const void *bytes, size_t length);
int iokmem_desc_get_physical_segment(struct iokmem_desc *desc, size_t offset,
				     phys_addr_t *address, size_t *length);
int iokmem_desc_get_page_counts(struct iokmem_desc *desc, u64 *resident,
				u64 *dirty);
int iokmem_desc_perform_operation(struct iokmem_desc *desc, u32 operation,
				  size_t offset, size_t length);
int iokmem_desc_set_purgeable(struct iokmem_desc *desc, u32 state, u32 *old);
struct iokmem_map *
iokmem_desc_create_mapping_in_task(struct iokmem_desc *desc,
				   struct task_struct *task, unsigned long at,
				   iokmem_map_options_t options, size_t offset, size_t length);
struct iokmem_map *iokmem_desc_map(struct iokmem_desc *desc, iokmem_map_options_t options);
int iokmem_desc_mmap(struct iokmem_desc *desc, struct vm_area_struct *vma,
		     iokmem_map_options_t options);
struct iokmem_map *iokmem_desc_set_mapping(struct iokmem_desc *desc,
					   struct task_struct *task, unsigned long address,
					   iokmem_map_options_t options);
int iokmem_desc_with_mapping(struct iokmem_desc *desc, iokmem_map_options_t options,
			     size_t offset, size_t length,
			     int (*call)(void *address, size_t length, void *data),
			     void *data);
int iokmem_desc_redirect(struct iokmem_desc *desc, struct task_struct *safe, bool on);
int iokmem_desc_revoke(struct iokmem_desc *desc);
enum iokmem_class iokmem_desc_get_class(const struct iokmem_desc *desc);
u64 iokmem_desc_get_id(const struct iokmem_desc *desc);
u64 iokmem_desc_get_preparation_id(struct iokmem_desc *desc);
void iokmem_desc_set_context(struct iokmem_desc *desc, void *context);
void *iokmem_desc_get_context(const struct iokmem_desc *desc);
void iokmem_refused(const char *function, int err);

/* IOMemoryMap */
struct iokmem_map *iokmem_map_get(struct iokmem_map *map);
void iokmem_map_put(struct iokmem_map *map);
void iokmem_map_put_async(struct iokmem_map *map);
unsigned long iokmem_map_get_address(const struct iokmem_map *map);
size_t iokmem_map_get_length(const struct iokmem_map *map);
size_t iokmem_map_get_offset(const struct iokmem_map *map);
iokmem_map_options_t iokmem_map_get_options(const struct iokmem_map *map);
u32 iokmem_map_get_cache_mode(const struct iokmem_map *map);
struct iokmem_desc *iokmem_map_get_memory_descriptor(const struct iokmem_map *map);
struct task_struct *iokmem_map_get_address_task(const struct iokmem_map *map);
int iokmem_map_get_physical_segment(struct iokmem_map *map, size_t offset,
				    phys_addr_t *address, size_t *length);
unsigned long iokmem_map_get_retain_count(struct iokmem_map *map);
int iokmem_map_unmap(struct iokmem_map *map);
int iokmem_map_wire_range(struct iokmem_map *map, u32 direction, size_t offset,
			  size_t length);
int iokmem_map_redirect(struct iokmem_map *map, struct iokmem_desc *backing,
			u32 options, size_t offset);
int iokmem_holder_add(struct iokmem_holder *holder, struct iokmem_map *map,
		      const struct iokmem_holder_ops *ops, void *data);
void iokmem_holder_remove(struct iokmem_holder *holder);

/* IODMACommand */
struct iokmem_dma *
iokmem_dma_with_specification(struct device *dev,
			      const struct iokmem_dma_specification *specification);
struct iokmem_dma *iokmem_dma_get(struct iokmem_dma *dma);
void iokmem_dma_put(struct iokmem_dma *dma);
int iokmem_dma_set_memory_descriptor(struct iokmem_dma *dma, struct iokmem_desc *desc,
				     bool prepare);
int iokmem_dma_clear_memory_descriptor(struct iokmem_dma *dma, bool complete);
struct iokmem_desc *iokmem_dma_get_memory_descriptor(struct iokmem_dma *dma);
int iokmem_dma_prepare(struct iokmem_dma *dma, size_t offset, size_t length);
int
iokmem_dma_prepare_with_specification(struct iokmem_dma *dma,
				      const struct iokmem_dma_specification *specification,
				      size_t offset, size_t length);
int iokmem_dma_complete(struct iokmem_dma *dma);
int iokmem_dma_get_prepared_offset_and_length(struct iokmem_dma *dma, size_t *offset,
					      size_t *length);
int iokmem_dma_gen_segments(struct iokmem_dma *dma, size_t *offset,
			    struct iokmem_dma_segment *segments, unsigned int *nr);
int iokmem_dma_gen_segments32(struct iokmem_dma *dma, size_t *offset,
			      struct iokmem_dma_segment32 *segments, unsigned int *nr);
int iokmem_dma_synchronize(struct iokmem_dma *dma, u32 direction);
int iokmem_dma_double_buffer(struct iokmem_dma *dma);
struct iokmem_desc *iokmem_dma_create_copy_buffer(struct iokmem_dma *dma, u32 direction,
						  size_t length);
size_t iokmem_dma_read_bytes(struct iokmem_dma *dma, size_t offset, void *bytes,
			     size_t length);
size_t iokmem_dma_write_bytes(struct iokmem_dma *dma, size_t offset, const void *bytes,
			      size_t length);

/* IOSharedDataQueue */
struct iokmem_queue *iokmem_queue_with_capacity(u32 capacity);
struct iokmem_queue *iokmem_queue_with_entries(u32 nr, u32 size);
struct iokmem_queue *iokmem_queue_with_memory_descriptor(struct iokmem_desc *desc);
void iokmem_queue_free(struct iokmem_queue *queue);
struct iokmem_desc *iokmem_queue_get_memory_descriptor(struct iokmem_queue *queue);
int iokmem_queue_enqueue(struct iokmem_queue *queue, const void *data, u32 length);
int iokmem_queue_dequeue(struct iokmem_queue *queue, void *data, u32 *length);
int iokmem_queue_peek(struct iokmem_queue *queue, u32 *length);
int iokmem_queue_set_notification(struct iokmem_queue *queue, int fd);

/* Descriptors and file descriptors. */
struct file *iokmem_desc_get_file(struct iokmem_desc *desc, u32 flags);
struct iokmem_desc *iokmem_desc_with_file(struct file *file, u32 *flags);
struct dma_buf *iokmem_desc_get_dma_buf(struct iokmem_desc *desc, u32 flags);
struct iokmem_desc *iokmem_desc_with_dma_buf(struct dma_buf *dmabuf, u32 direction);

#endif /* _LINUX_IOKMEM_H */
