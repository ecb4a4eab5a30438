// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver's maps cost, in the kernel and in the task of another process, which
 * the module in kernel/ counts.
 */
#include "kinds.h"
#include "kernel/iokmem_bench.h"

#define NR_RUNS		5

/* What is counted of one kind, in the order of the table. */
struct costs {
	struct samples create, map, again, unmap, destroy;
};

/* What the kind does not have has no line in the table. */
static void report_if(const char *row, size_t size, const char *operation,
		      const struct samples *samples)
{
	if (samples->nr)
		report(row, size, operation, samples);
}

static void add_if(struct samples *samples, __u64 cost)
{
	if (cost)
		add_sample(samples, cost);
}

static void measure(const char *row, size_t size, enum iokmem_bench_kind kind, int id)
{
	struct costs costs = {};
	static int dev = -1;
	int i;

	if (dev < 0)
		dev = open("/sys/kernel/debug/iokmem_bench", O_RDONLY | O_CLOEXEC);
	settle();
	for (i = 0; i < NR_RUNS; i++) {
		struct iokmem_bench run = { .size = size, .kind = kind, .id = id };

		need(!ioctl(dev, IOKMEM_BENCH_RUN, &run), row);
		add_if(&costs.create, run.create);
		add_if(&costs.map, run.map);
		add_if(&costs.again, run.again);
		add_if(&costs.unmap, run.unmap);
		add_if(&costs.destroy, run.destroy);
	}
	report_if(row, size, "create", &costs.create);
	report_if(row, size, "map", &costs.map);
	report_if(row, size, "map again", &costs.again);
	report_if(row, size, "unmap", &costs.unmap);
	report_if(row, size, "destroy", &costs.destroy);
}

/* A process that is mapped into, and does nothing. */
static void measure_task(size_t size)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	if (!pid)
		for (;;)
			pause();
	measure("iokmem in a task", size, IOKMEM_BENCH_TASK, pid);
	NEED(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
}

static void measure_dmabuf(const char *name, size_t size)
{
	struct memory memory = { .size = size };
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			memory.kind = &kinds[i];
	need(memory.kind, name);
	memory.kind->create(&memory);
	measure(name, size, IOKMEM_BENCH_DMABUF, memory.fd);
	memory.kind->destroy(&memory);
}

int main(void)
{
	static const size_t sizes[] = { PAGE, 64 * KIB, 2 * MIB, 64 * MIB };
	int i;

	begin();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		measure("iokmem", sizes[i], IOKMEM_BENCH_IOKMEM, 0);
		measure("iokmem contiguous", sizes[i], IOKMEM_BENCH_CONTIGUOUS, 0);
		measure_task(sizes[i]);
		measure_dmabuf("udmabuf", sizes[i]);
		measure_dmabuf("dma-buf system heap", sizes[i]);
		measure("vmalloc", sizes[i], IOKMEM_BENCH_VMALLOC, 0);
	}
	return 0;
}
