// SPDX-License-Identifier: GPL-2.0-only
/* A process of the torture: its threads, and the ways in which it ends. */
#include "torture.h"

#include <sched.h>
#include <sys/prctl.h>

#define NOBODY	65534

const struct op ops[] = {
	{ "create buffer", 6, op_create_buffer },
	{ "create sub", 3, op_create_sub },
	{ "create multi", 3, op_create_multi },
	{ "duplicate", 3, op_duplicate },
	{ "close", 3, op_close },
	{ "give", 4, op_give },
	{ "take", 6, op_take },
	{ "send", 5, op_send },
	{ "receive", 5, op_receive },
	{ "query", 3, op_query },
	{ "set length", 1, op_set_length },
	{ "set purgeable", 3, op_set_purgeable },
	{ "purge alone", 4, op_purge_alone },
	{ "map", 24, op_map },
	{ "mmap", 5, op_mmap },
	{ "place", 5, op_place },
	{ "misuse", 2, op_misuse },
	{ "release", 16, op_release },
	{ "unmap", 2, op_unmap },
	{ "munmap", 2, op_munmap },
	{ "query map", 3, op_query_map },
	{ "read", 50, op_read },
	{ "write", 24, op_write },
	{ "stamp", 16, op_stamp },
	{ "note", 10, op_note },
	{ "guards", 4, op_guards },
	{ "meddle", 5, op_meddle },
	{ "publish", 6, op_publish },
	{ "hide", 1, op_hide },
	{ "visit", 40, op_visit },
	{ "redirect", 8, op_redirect },
	{ "suspend", 3, op_suspend },
	{ "splice", 5, op_splice },
	{ "direct I/O", 3, op_direct_io },
	{ "look around", 1, op_look_around },
	{ "revoke", 2, op_revoke },
	{ "device memory", 2, op_device_memory },
	{ "shrink", 1, op_shrink },
	{ "balloon", 2, op_balloon },
	{ "storm", 1, op_storm },
	{ "fork", 1, op_fork },
	{ "exec", 1, op_exec },
	{ "exit", 1, op_exit },
};

const unsigned int nr_ops = ARRAY_SIZE(ops);

static struct process process;
static struct thread threads[NR_THREADS];

static void init_process(unsigned int slot)
{
	int i;

	memset(&process, 0, sizeof(process));
	process.slot = slot;
	process.number = world->next_process++;
	process.pressed = count_lines("/proc/self/cgroup", "/torture") > 0;
	pthread_rwlock_init(&process.destroying, NULL);
	pthread_mutex_init(&process.shelf_lock, NULL);
	for (i = 0; i < NR_SHELVES; i++)
		process.shelf[i].fd = -1;
	for (i = 0; i < NR_PUBLICS; i++)
		process.publics[i].version = 1;
}

static void init_thread(struct thread *thread, unsigned int index)
{
	int i;

	memset(thread, 0, sizeof(*thread));
	thread->process = &process;
	thread->index = index;
	/*
	 * Return a random seed other than 0. The first numbers of neighbouring seeds are
	 * alike: skip them.
	 */
	thread->random = (world->seed * 1000003 + process.number * 101 + index) | 1ULL << 63;
	for (i = 0; i < 16; i++)
		below(thread, 1);
	for (i = 0; i < NR_HANDLES; i++)
		thread->handles[i].fd = -1;
	if (pipe2(thread->pipe, O_CLOEXEC | O_NONBLOCK))
		fail(thread, "pipe2: %s", strerror(errno));
}

/* Choose an operation by its weight. A storm consists of few operations. */
static unsigned int choose_op(struct thread *thread)
{
	unsigned int all = 0, i, pick;

	if (world->stormy && below(thread, 8))
		for (i = 0; i < nr_ops; i++)
			if (ops[i].run == op_storm)
				return i;
	for (i = 0; i < nr_ops; i++)
		all += ops[i].weight;
	pick = below(thread, all);
	for (i = 0; pick >= ops[i].weight; i++)
		pick -= ops[i].weight;
	return i;
}

static void do_anything(struct thread *thread)
{
	thread->op = choose_op(thread);
	begin_op(thread);
	ops[thread->op].run(thread);
	world->done[thread->op]++;
}

static bool is_over(void)
{
	return process.leaving || world->stop || now() > world->until;
}

/* Release everything that the thread has, by the proper calls. */
static void tidy_up(struct thread *thread)
{
	struct reference *ref;

	while ((ref = any_reference(thread)))
		drop_reference(thread, ref);
	close_handles(thread);
	close(thread->pipe[0]);
	close(thread->pipe[1]);
}

static void *run_thread(void *arg)
{
	struct thread *thread = arg;

	while (!is_over())
		do_anything(thread);
	tidy_up(thread);
	return NULL;
}

/* Join a cgroup that is short of memory, if there is one. */
static void join_cgroup(void)
{
	write_file("/sys/fs/cgroup/torture/cgroup.procs", "0");
}

/* Become an ordinary user, who may lock little memory. */
static void become_humble(void)
{
	struct rlimit limit = { .rlim_cur = MIB, .rlim_max = MIB };

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		fail(NULL, "cannot become nobody: %s", strerror(errno));
}

/* Run all threads until the process's time is over. */
static void run_threads(struct thread *first)
{
	double until = now() + 0.1 + below(first, 3000) / 1000.0;
	int nr = 0, err = 0;

	/* The kernel maps memory for their stacks. */
	will_map(first);
	while (nr < NR_THREADS && !err) {
		err = pthread_create(&threads[nr].thread, NULL, run_thread, &threads[nr]);
		nr += !err;
	}
	has_mapped(first);
	/* There was no memory for it, or the first thread is about to exec. */
	if (err && err != EAGAIN)
		fail(NULL, "pthread_create: %s", strerror(err));
	while (!is_over() && now() < until)
		usleep(5000);
	process.leaving = true;
	while (nr--)
		pthread_join(threads[nr].thread, NULL);
	clear_shelf(&process);
	if (!process.left_over && nr_iokmem_vmas() > 0)
		fail(NULL, "%d mappings are left of a process that has released all",
		     nr_iokmem_vmas());
	_exit(0);
}

void run_process(unsigned int slot)
{
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	catch_faults();
	if (slot == 0)
		join_cgroup();
	init_process(slot);
	if (slot && process.number % 4 == 1)
		become_humble();
	for (i = 0; i < NR_THREADS; i++)
		init_thread(&threads[i], i);
	run_threads(&threads[0]);
}

/* A forked child is alone in its address space, and inherits no map. */
static void be_child(struct thread *thread)
{
	int i, n = 5 + below(thread, 40);
	__u64 value;

	world->forks++;
	for (i = 0; i < NR_REFERENCES; i++) {
		struct reference *ref = &thread->references[i];

		if (ref->pages && ref->own && sure(ref) &&
		    !load(word_address(ref, below(thread, ref->pages), 0), &value))
			fail(thread, "a child has inherited the map of #%llu at %#llx",
			     ref->shape.identity, (unsigned long long)ref->address);
		ref->public = NULL;
		if (ref->pages)
			forget_reference(ref);
	}
	clear_shelf(&process);
	init_process(process.slot);
	thread->index = NR_THREADS;
	thread->arena_left = 0;
	thread->random += process.number << 32;
	for (i = 0; i < n && !is_over(); i++)
		do_anything(thread);
	if (below(thread, 2))
		tidy_up(thread);
	_exit(0);
}

/* Use new pipes: the inherited ones belong to the parent as well. */
static void take_pipe(struct thread *thread)
{
	close(thread->pipe[0]);
	close(thread->pipe[1]);
	if (pipe2(thread->pipe, O_CLOEXEC | O_NONBLOCK))
		fail(thread, "pipe2: %s", strerror(errno));
}

void op_fork(struct thread *thread)
{
	int code;
	pid_t child;

	/* Run the children one after the other. */
	if (thread->index == NR_THREADS)
		return;
	child = fork();
	if (!child) {
		take_pipe(thread);
		be_child(thread);
	}
	trace(thread, "fork", 0, 0, 0, 0, 0, child);
	if (child < 0) {
		if (errno != ENOMEM && errno != EAGAIN)
			fail(thread, "fork: %s", strerror(errno));
		return;
	}
	if (!below(thread, 3)) {
		usleep(below(thread, 10000));
		kill(child, SIGKILL);
		world->kills++;
	}
	code = join(child);
	if (code && code != 128 + SIGKILL)
		fail(thread, "a child ended with %d", code);
}

/*
 * Execute another program, from any thread and whatever the others do. It inherits the
 * handles.
 */
void op_exec(struct thread *thread)
{
	char numbers[6][16];
	char * const argv[] = { "torture", "resume", numbers[0], numbers[1], numbers[2], numbers[3],
				numbers[4], numbers[5], NULL };
	int luggage, i;

	if (below(thread, 8))
		return;
	luggage = memfd_create("luggage", 0);
	if (luggage < 0 ||
	    write(luggage, thread->handles, sizeof(thread->handles)) != sizeof(thread->handles)) {
		close(luggage);
		return;
	}
	for (i = 0; i < NR_HANDLES; i++)
		if (thread->handles[i].fd >= 0)
			fcntl(thread->handles[i].fd, F_SETFD, 0);
	snprintf(numbers[0], sizeof(numbers[0]), "%u", process.slot);
	snprintf(numbers[1], sizeof(numbers[1]), "%d", world_fd);
	snprintf(numbers[2], sizeof(numbers[2]), "%d", device);
	snprintf(numbers[3], sizeof(numbers[3]), "%d", wire[0]);
	snprintf(numbers[4], sizeof(numbers[4]), "%d", wire[1]);
	snprintf(numbers[5], sizeof(numbers[5]), "%d", luggage);
	trace(thread, "exec", 0, 0, 0, 0, 0, 0);
	execv("/proc/self/exe", argv);
	close(luggage);
	if (errno != ENOMEM && errno != EAGAIN)
		fail(thread, "exec: %s", strerror(errno));
}

/* Continue after exec. */
int resume_process(int argc, char **argv)
{
	struct thread *thread = &threads[0];
	int i;

	if (argc != 8)
		return 2;
	world_join(atoi(argv[3]));
	device = atoi(argv[4]);
	wire[0] = atoi(argv[5]);
	wire[1] = atoi(argv[6]);
	catch_faults();
	init_process(atoi(argv[2]));
	world->execs++;
	/* The threads that may have been at it have ended. */
	world->revoking[process.slot] = 0;
	if (nr_iokmem_vmas() > 0)
		fail(NULL, "%d mappings were inherited over exec", nr_iokmem_vmas());
	for (i = 0; i < NR_THREADS; i++)
		init_thread(&threads[i], i);
	if (pread(atoi(argv[7]), thread->handles, sizeof(thread->handles), 0) !=
	    sizeof(thread->handles))
		fail(NULL, "the handles are lost");
	close(atoi(argv[7]));
	for (i = 0; i < NR_HANDLES; i++)
		if (thread->handles[i].fd >= 0)
			fcntl(thread->handles[i].fd, F_SETFD, FD_CLOEXEC);
	run_threads(thread);
	return 2;
}

/* Release everything first, or exit at once. */
void op_exit(struct thread *thread)
{
	if (below(thread, 8))
		return;
	trace(thread, "exit", 0, 0, 0, 0, 0, 0);
	if (below(thread, 2))
		process.leaving = true;
	else
		_exit(0);
}
