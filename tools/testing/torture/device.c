// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a device whose driver is unbound again and again: a coherent buffer, or registers.
 * Each thread has its own, and no others see it. It is not a part of the model.
 */
#include "torture.h"

#include "../driver_utils.h"
#include "../edu_device.h"

#define ROUNDS	20

/*
 * Unbind the driver and bind it again. Only the test itself does this. Where memory is short the
 * driver may have to be bound another time.
 */
void remove_device(void)
{
	int err;

	if (!*slot && (!find_edu() || !is_bound()))
		return;
	if (world->removals % 2 == 0) {
		world->removals++;
		err = unbind_edu();
		if (err)
			fail(NULL, "the device's driver cannot be unbound: %s", strerror(-err));
	}
	err = bind_edu();
	if (!err)
		world->removals++;
	else if (err != -ENOMEM)
		fail(NULL, "the device's driver cannot be bound: %s", strerror(-err));
}

/* Return true if the memory that was there then may be gone. */
static bool may_be_gone(__u64 then)
{
	return world->removals != then || then % 2;
}

/* Return true if the memory that was there then must be gone. */
static bool must_be_gone(__u64 then)
{
	return then % 2 == 0 && world->removals >= then + 2;
}

/* Check that an error can be explained. */
static bool is_explained(int err, __u64 then)
{
	return err == -ENOMEM || err == -EINTR || err == -EMFILE || err == -ENFILE ||
	       ((err == -ENODEV || err == -ENXIO) && may_be_gone(then));
}

/* Look at the memory until something happens. A buffer shows what was written to it. */
static void use(struct thread *thread, __u64 address, bool registers, __u64 then)
{
	__u64 value, wanted = 0;
	bool gone;
	int i, sig;

	for (i = 0; i < ROUNDS && !world->stop; i++) {
		gone = must_be_gone(then);
		sig = load(address, &value);
		if (sig ? sig != SIGBUS || !may_be_gone(then) : gone)
			fail(thread, "memory of a device: signal %d, %llu removals ago", sig,
			     world->removals - then);
		if (!sig && !registers && value != wanted)
			fail(thread, "memory of a device shows %#llx, not %#llx", value, wanted);
		if (sig)
			return;
		wanted = below(thread, 1ULL << 32);
		if (!registers && store(address, wanted))
			return;
		usleep(below(thread, 2000));
	}
}

void op_device_memory(struct thread *thread)
{
	__u32 options = IOKMEM_MAP_ANYWHERE | (below(thread, 2) ? IOKMEM_MAP_UNIQUE : 0) |
			(below(thread, 2) ? IOKMEM_MAP_PREFAULT : 0);
	bool registers = below(thread, 2);
	__u64 before = world->removals, then;
	int driver = open_driver(), fd, err;
	struct iokmem_query_buffer buffer;
	char *at;

	/* The probe is the administrator's, and the machine may have no device. */
	if (driver < 0)
		return;
	fd = ioctl(driver, IOKMEM_PROBE_DEVICE_MEMORY, registers ? IOKMEM_PROBE_REGISTERS :
							     IOKMEM_PROBE_COHERENT);
	err = fd < 0 ? -errno : 0;
	close(driver);
	if (err == -ENXIO && !before)
		return;
	/* Between two removals there was one driver only. */
	then = world->removals == before ? before : before | 1;
	if (err) {
		if (!is_explained(err, then))
			fail(thread, "no memory of a device: %s", strerror(-err));
		return;
	}
	will_map(thread);
	err = map_at(fd, options, 0, 0, 0, &at);
	has_mapped(thread);
	trace(thread, "device's memory", registers, (uintptr_t)at, 0, 0, options, err);
	world->checks++;
	if (err && !is_explained(err, then))
		fail(thread, "memory of a device cannot be mapped: %s", strerror(-err));
	if (!err)
		use(thread, (uintptr_t)at, registers, then);
	if (!err && (query(fd, &buffer) || release(fd, at, buffer.capacity)) &&
	    !may_be_gone(then))
		fail(thread, "a map of a device's memory cannot be released");
	/* A revoked map leaves its addresses to the process. */
	if (!err && may_be_gone(then))
		thread->process->left_over = true;
	close(fd);
}
