// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers (IOBufferMemoryDescriptor).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/iokmem.h>

#include "internal.h"

static int32_t create_buffer(struct iokmem_create_buffer *arg)
{
	int dev = open("/dev/iokmem", O_RDWR | O_CLOEXEC);
	int err;

	if (dev < 0)
		return IOKMEM_RETURN_NO_DEVICE;
	err = ioctl(dev, IOKMEM_CREATE_BUFFER, arg) ? errno : 0;
	close(dev);
	return err ? __iokmem_fail(IOKMEM_RETURN_NO_MEMORY, err) :
		     IOKMEM_RETURN_SUCCESS;
}

/* Apple's take any number. What cannot be rounded up is refused by the kernel. */
static uint64_t round_up_to_power_of_two(uint64_t number)
{
	uint64_t power = 1;

	while (power && power < number)
		power <<= 1;
	return number && power ? power : number;
}

/**
 * iokmem_buffer_create - create a buffer (IOBufferMemoryDescriptor::Create)
 * @options: IOKMEM_MEMORY_DIRECTION_*
 * @capacity: in bytes, at least 1
 * @alignment: of the first byte, in memory; rounded up to a power of two; or 0
 * @buffer: out: the buffer, or NULL
 *
 * The memory is wired and zero. The length is the capacity from the start, as with
 * DriverKit's implementation, though its header says otherwise. In DriverKit an alignment
 * above a page makes the memory contiguous. Here it does so only if there is no other way to
 * align it. A map of less than the whole, or at a fixed address, need not be aligned.
 *
 * Return: BAD_ARGUMENT: NULL, or @options that are no direction; NO_DEVICE:
 * /dev/iokmem cannot be opened; NO_MEMORY: the buffer could not be created, because
 * memory is short, or @capacity or @alignment is invalid (see errno). With the errno EPERM the
 * user's RLIMIT_MEMLOCK is too low; or, for an @alignment of more than 2 MiB on most machines,
 * the program needs CAP_SYS_ADMIN. Ask the administrator for these.
 */
int32_t iokmem_buffer_create(uint64_t options, uint64_t capacity,
			     uint64_t alignment, struct iokmem_desc **buffer)
{
	struct iokmem_create_buffer arg = {
		.size = sizeof(arg),
		.options = options | IOKMEM_KERNEL_USER_SHARED,
		.capacity = capacity,
		.alignment = round_up_to_power_of_two(alignment),
	};
	unsigned long maker;
	int32_t ret;

	if (!buffer)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	*buffer = NULL;
	if (options & ~(uint64_t)DIRECTION_MASK)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EOPNOTSUPP);
	maker = __iokmem_process();
	if (!maker)
		return IOKMEM_RETURN_NO_MEMORY;
	ret = create_buffer(&arg);
	if (ret)
		return ret;
	return __iokmem_desc_with_fd(arg.fd, maker, buffer);
}

/**
 * iokmem_buffer_set_length - change the length of a buffer
 * @buffer: the buffer
 * @length: in bytes, at most the capacity; 0 is allowed
 *
 * All processes see the new length. Existing maps do not change. DriverKit ignores a length
 * above the capacity, and returns success.
 *
 * Return: BAD_ARGUMENT: NULL, or @length is above the capacity; UNSUPPORTED: @buffer
 * is no buffer; NOT_PERMITTED: it was sent read-only; ERROR: everything else, see errno.
 */
int32_t iokmem_buffer_set_length(struct iokmem_desc *buffer, uint64_t length)
{
	struct iokmem_set_length arg = {
		.size = sizeof(arg),
		.length = length,
	};

	if (!buffer)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (!ioctl(buffer->fd, IOKMEM_SET_LENGTH, &arg))
		return IOKMEM_RETURN_SUCCESS;
	switch (errno) {
	case EINVAL:
		return IOKMEM_RETURN_BAD_ARGUMENT;
	case EOPNOTSUPP:
		return IOKMEM_RETURN_UNSUPPORTED;
	case EACCES:
		return IOKMEM_RETURN_NOT_PERMITTED;
	default:
		return IOKMEM_RETURN_ERROR;
	}
}

/**
 * iokmem_buffer_get_address_range - return the address of the buffer in its creator
 * @buffer: the buffer
 * @range: out: the address, and the buffer's length
 *
 * The first call maps the buffer. The mapping lives as long as the buffer object. Its address
 * stays, unless the buffer has grown since: then the buffer is mapped again, and the former
 * address stays valid for the former length.
 *
 * Return: BAD_ARGUMENT: NULL; UNSUPPORTED: @buffer is no buffer, or another
 * process has created it; ERROR: the buffer could not be mapped.
 */
int32_t iokmem_buffer_get_address_range(struct iokmem_desc *buffer,
					struct iokmem_address_segment *range)
{
	if (range)
		*range = (struct iokmem_address_segment){ 0 };
	if (!buffer || !range)
		return __iokmem_fail(IOKMEM_RETURN_BAD_ARGUMENT, EINVAL);
	if (!buffer->maker || buffer->maker != __iokmem_process())
		return __iokmem_fail(IOKMEM_RETURN_UNSUPPORTED, EOPNOTSUPP);
	return iokmem_desc_map(buffer, 0, 0, 0, 0, &range->address,
			       &range->length);
}
