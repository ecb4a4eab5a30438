// SPDX-License-Identifier: GPL-2.0-only
/*
 * The torture: processes with many threads do everything that /dev/iokmem can do, at random
 * and at the same time, and are killed at any point. All that they see is compared with a
 * model. See torture/torture.h.
 *
 * TORTURE_SECONDS sets the duration (12 seconds by default). TORTURE_SEED repeats the random
 * numbers of an earlier run, but not the order in which processors use them. If the machine has
 * QEMU's edu device, and the sample driver and the probe are loaded, the driver is unbound and
 * bound all the time, under the maps of its device's memory.
 */
#include "torture/torture.h"

#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#define CGROUP		"/sys/fs/cgroup/torture"
#define PATIENCE	60	/* seconds that a process may take to end */
#define REPORT_EVERY	10
#define REMOVE_EVERY	0.5	/* seconds between a device's removals */

/* One process of the torture. */
struct worker {
	pid_t pid;
	double killed;		/* when it was killed, or 0 */
};

static struct worker workers[NR_PROCESSES];

/* Return a number from the environment, or the default. */
static __u64 setting(const char *name, __u64 otherwise)
{
	const char *text = getenv(name);
	char *end;
	__u64 value;

	if (!text || !*text)
		return otherwise;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end)
		ksft_exit_fail_msg("%s is not a number: %s\n", name, text);
	return value;
}

static void start_worker(unsigned int slot)
{
	pid_t pid = fork();

	if (!pid) {
		run_process(slot);
		_exit(2);
	}
	if (pid < 0)
		fail(NULL, "fork: %s", strerror(errno));
	workers[slot] = (struct worker){ .pid = pid };
}

static struct worker *find_worker(pid_t pid)
{
	int i;

	for (i = 0; i < NR_PROCESSES; i++)
		if (workers[i].pid == pid)
			return &workers[i];
	return NULL;
}

/* Check how a process ended. @pid may be a child that another process has left over. */
static void reap(pid_t pid, int status)
{
	struct worker *worker = find_worker(pid);

	if (worker) {
		worker->pid = 0;
		world->revoking[worker - workers] = 0;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	/*
	 * The test, its parent, or the kernel for lack of memory in its cgroup may have killed
	 * it.
	 */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	fail(NULL, "process %d ended with status %#x", pid, status);
}

static void reap_all(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		reap(pid, status);
}

static void kill_worker(struct worker *worker)
{
	if (!worker->pid || worker->killed)
		return;
	kill(worker->pid, SIGKILL);
	worker->killed = now();
	world->kills++;
}

/* Print where its threads are in the kernel. */
static void show_stacks(pid_t pid)
{
	char path[64], line[256];
	struct dirent *entry;
	FILE *file;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/stack", pid, entry->d_name);
		file = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (!file)
			continue;
		printf("# thread %s of process %d:\n", entry->d_name, pid);
		while (fgets(line, sizeof(line), file))
			printf("#   %s", line);
		fclose(file);
	}
	if (dir)
		closedir(dir);
}

static void check_hung(const struct worker *worker)
{
	if (!worker->pid || !worker->killed || now() - worker->killed < PATIENCE || world->failed)
		return;
	show_stacks(worker->pid);
	fail(NULL, "process %d has been killed %d s ago, and is still there", worker->pid,
	     PATIENCE);
}

static void report(double started)
{
	__u64 all = 0;
	unsigned int i;

	for (i = 0; i < nr_ops; i++)
		all += world->done[i];
	printf("# %.0f s: %llu operations, %llu certain looks, %llu descriptors,",
	       now() - started, all, world->checks, world->next_identity - 1);
	printf(" %llu processes, %llu forks, %llu execs, %llu kills,",
	       world->next_process, world->forks, world->execs, world->kills);
	printf(" %llu removals, %llu excused\n#  ", world->removals / 2, world->excused);
	for (i = 0; i < nr_ops; i++)
		printf(" %s %llu%s", ops[i].name, world->done[i], i + 1 < nr_ops ? "," : "\n");
}

/* Start a process for each one that has ended, and kill some, until the time is over. */
static void rule(double started)
{
	double next_report = started + REPORT_EVERY, next_weather = started;
	double next_removal = started;
	unsigned int seed = world->seed;
	int i;

	while (now() < world->until && !world->stop) {
		for (i = 0; i < NR_PROCESSES; i++) {
			if (!workers[i].pid)
				start_worker(i);
			check_hung(&workers[i]);
		}
		usleep(20000 + rand_r(&seed) % 60000);
		if (rand_r(&seed) % 10 == 0)
			kill_worker(&workers[rand_r(&seed) % NR_PROCESSES]);
		reap_all();
		/* It is stormy in a quarter of the time. */
		if (now() > next_weather) {
			world->stormy = !world->stormy;
			world->storm += world->stormy;
			next_weather = now() + (world->stormy ? 0.5 : 1.5);
		}
		if (now() > next_removal) {
			remove_device();
			next_removal = now() + REMOVE_EVERY;
		}
		if (now() > next_report) {
			report(started);
			next_report += REPORT_EVERY;
		}
	}
	world->stop = true;
}

/* Wait for all processes. Returns true if none is left. */
static bool all_have_ended(void)
{
	double until = now() + PATIENCE;
	int status;
	pid_t pid;

	while (now() < until) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid < 0)
			return true;
		if (pid > 0)
			reap(pid, status);
		else
			usleep(20000);
	}
	return false;
}

/* Wait until all processes have ended, or kill them. Returns true if none had to be killed. */
static bool all_end(void)
{
	int i;

	if (all_have_ended())
		return true;
	for (i = 0; i < NR_PROCESSES; i++) {
		if (!workers[i].pid)
			continue;
		show_stacks(workers[i].pid);
		kill(workers[i].pid, SIGKILL);
	}
	if (!all_have_ended())
		printf("# even killed they do not end\n");
	return false;
}

/* Take descriptors from the sockets that were sent and never received. */
static void drain_wire(void)
{
	struct handle handle;

	while (receive_handle(&handle))
		if (handle.fd >= 0)
			close(handle.fd);
	close(wire[0]);
	close(wire[1]);
}

static void make_cgroup(void)
{
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(CGROUP, 0755);
	write_file(CGROUP "/memory.max", "24M");
}

static void run(__u64 seed, __u64 seconds)
{
	double started = now();
	int before = nr_descriptors();
	bool ended;

	world_create(seed, seconds);
	make_commons();
	make_cgroup();
	rule(started);
	ended = all_end();
	drain_wire();
	close_commons();
	close(device);
	rmdir(CGROUP);
	report(started);
	if (world->failed)
		report_failure();
	ksft_test_result(!world->failed, "everything was as the model says\n");
	ksft_test_result(ended, "every process has ended by itself\n");
	if (before < 0)
		ksft_test_result_skip("no " LIST "\n");
	else
		ksft_test_result(EVENTUALLY(nr_descriptors() == before),
				 "no descriptor is left\n");
}

int main(int argc, char **argv)
{
	__u64 seed, seconds;

	if (argc > 1 && !strcmp(argv[1], "resume"))
		return resume_process(argc, argv);

	setlinebuf(stdout);
	ksft_print_header();
	ksft_set_plan(3);
	seconds = setting("TORTURE_SECONDS", 12);
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = time(NULL);
	seed = setting("TORTURE_SEED", seed & 0xffffffff);
	device = open(DEVICE, O_RDWR);
	if (device < 0 || socketpair(AF_UNIX, SOCK_DGRAM, 0, wire))
		ksft_exit_fail_msg(DEVICE ": %s\n", strerror(errno));
	/* Children of killed processes become children of this one. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	printf("# TORTURE_SEED=%llu TORTURE_SECONDS=%llu\n", seed, seconds);
	run(seed, seconds);
	ksft_finished();
}
