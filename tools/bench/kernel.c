// SPDX-License-Identifier: GPL-2.0-only
/*
 * Costs of memory for a driver: creating it, mapping it in the kernel and in the task of
 * another process, and showing it to a device. The module in kernel/ counts.
 */
#include "kinds.h"

#define NR_RUNS		5

/* The kinds of memory, and the task or file that some of them need. */
static const struct subject {
	const char *name;
	enum iokmem_bench_kind kind;
} subjects[] = {
	{ "iokmem", IOKMEM_BENCH_IOKMEM },
	{ "iokmem contiguous", IOKMEM_BENCH_CONTIGUOUS },
	{ "iokmem write-combine", IOKMEM_BENCH_WRITE_COMBINE },
	{ "iokmem in a task", IOKMEM_BENCH_TASK },
	{ "iokmem dma-buf", IOKMEM_BENCH_DMABUF },
	{ "udmabuf", IOKMEM_BENCH_DMABUF },
	{ "dma-buf system heap", IOKMEM_BENCH_DMABUF },
	{ "dma-buf CMA heap", IOKMEM_BENCH_DMABUF },
	{ "vmalloc", IOKMEM_BENCH_VMALLOC },
};

static void measure(const struct subject *subject, size_t size, int id)
{
	struct samples steps[IOKMEM_BENCH_NR_STEPS] = {
		[IOKMEM_BENCH_CREATE] = SAMPLES("create"),
		[IOKMEM_BENCH_MAP] = SAMPLES("map"),
		[IOKMEM_BENCH_AGAIN] = SAMPLES("map again"),
		[IOKMEM_BENCH_UNMAP] = SAMPLES("unmap"),
		[IOKMEM_BENCH_IMPORT] = SAMPLES("import"),
		[IOKMEM_BENCH_IMPORT_AGAIN] = SAMPLES("import again"),
		[IOKMEM_BENCH_DESTROY] = SAMPLES("destroy"),
	};
	static int dev = -1;
	int i, step;

	for (i = 0; i < NR_RUNS; i++) {
		struct iokmem_bench run = {
			.size = size,
			.kind = subject->kind,
			.id = id,
		};

		need(!ioctl(device(&dev, BENCH_DEVICE), IOKMEM_BENCH_RUN, &run), subject->name);
		for (step = 0; step < IOKMEM_BENCH_NR_STEPS; step++)
			if (run.cost[step])
				add_sample(&steps[step], run.cost[step],
					   run.window[step], run.window[step]);
	}
	/* Operations that a kind does not have get no line in the table. */
	for (step = 0; step < IOKMEM_BENCH_NR_STEPS; step++)
		if (steps[step].nr)
			report(subject->name, size, &steps[step]);
}

/* A process that does nothing, to map into. */
static void measure_task(const struct subject *subject, size_t size)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	if (!pid)
		for (;;)
			pause();
	measure(subject, size, pid);
	NEED(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
}

static void measure_dmabuf(const struct subject *subject, size_t size)
{
	struct memory memory = { .size = size };
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, subject->name))
			memory.kind = &kinds[i];
	need(memory.kind, subject->name);
	memory.kind->create(&memory);
	measure(subject, size, memory.fd);
	memory.kind->destroy(&memory);
}

static void measure_subject(const struct subject *subject, size_t size)
{
	if (!wanted(subject->name, size))
		return;
	/* Broken memory has none of these. */
	if (largest_block && (subject->kind == IOKMEM_BENCH_CONTIGUOUS ||
			      !strcmp(subject->name, "dma-buf CMA heap")))
		return;
	settle();
	switch (subject->kind) {
	case IOKMEM_BENCH_TASK:
		measure_task(subject, size);
		break;
	case IOKMEM_BENCH_DMABUF:
		measure_dmabuf(subject, size);
		break;
	default:
		measure(subject, size, 0);
	}
}

int main(int argc, char **argv)
{
	const size_t sizes[] = { PAGE, 64 * KIB, 2 * MIB, 64 * MIB };
	int i, j;

	begin(argc, argv);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (j = 0; j < ARRAY_SIZE(subjects); j++)
			measure_subject(&subjects[j], sizes[i]);
	return 0;
}
