// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processes in /proc: which file descriptors of descriptors they have, and, where the
 * kernel's list cannot be read, their maps.
 *
 * Anything may go away between two looks at it, and belong to another user. Neither is an
 * error: it is not shown.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iokmem.h"

/* The kernel names a file of a descriptor, and its mappings, like this. */
#define FILE_NAME	"iokmem:"

/* Return the directory's next entry that is a number, or -1 at its end. */
static long next_number(DIR *dir)
{
	struct dirent *entry;
	__u64 number;

	while ((entry = readdir(dir)))
		if (parse_number(entry->d_name, &number) && number <= INT32_MAX)
			return number;
	return -1;
}

static DIR *open_dir(const char *format, long pid)
{
	char *below = text_of(format, pid), *path = text_of("%s%s", options.root, below);
	DIR *dir = opendir(path);

	free(path);
	free(below);
	return dir;
}

/* Return false if the link says that the file descriptor is something else. */
static bool may_be_ours(pid_t pid, int fd)
{
	char *path = text_of("%s/proc/%d/fd/%d", options.root, pid, fd);
	ssize_t length;
	char link[128];

	length = readlink(path, link, sizeof(link) - 1);
	free(path);
	if (length < 0)
		return true;
	link[length] = 0;
	return strstr(link, FILE_NAME);
}

static void add_file(struct view *view, pid_t pid, int fd, struct desc *desc)
{
	struct file *file;

	view->files = grow(view->files, view->nr_files, sizeof(*view->files));
	file = &view->files[view->nr_files++];
	*file = (struct file){
		.id = desc->v[D_ID].number,
		.pid = pid,
		.fd = fd,
		.rights = desc->v[D_RIGHTS].known ? copy_of(desc->v[D_RIGHTS].text) : NULL,
	};
	/* The list is about descriptors, and rights are a file's. */
	free(desc->v[D_RIGHTS].text);
	desc->v[D_RIGHTS] = (struct value){};
	if (view->all) {
		desc_free(desc);
		return;
	}
	view->descs = grow(view->descs, view->nr_descs, sizeof(*desc));
	view->descs[view->nr_descs++] = *desc;
}

static void read_fd(struct view *view, pid_t pid, int fd)
{
	struct parser *parser;
	struct desc desc;
	FILE *in;

	if (!may_be_ours(pid, fd))
		return;
	in = open_file("/proc/%d/fdinfo/%d", pid, fd);
	if (!in)
		return;
	parser = parser_new(in);
	if (parser_next(parser) && parser_desc(parser, false, &desc))
		add_file(view, pid, fd, &desc);
	parser_free(parser);
	fclose(in);
}

static void read_fds(struct view *view, pid_t pid)
{
	DIR *dir = open_dir("/proc/%ld/fdinfo", pid);
	long fd;

	if (!dir)
		return;
	while ((fd = next_number(dir)) >= 0)
		read_fd(view, pid, fd);
	closedir(dir);
}

static struct value a_number(__u64 number)
{
	return (struct value){ .known = true, .number = number };
}

static struct value a_text(const char *text)
{
	return (struct value){ .known = true, .text = copy_of(text) };
}

/*
 * Return the number in the name of a descriptor's mapping, or 0 if it is another mapping. The files
 * of pageable memory belong to the kernel's own tmpfs, which has no names in directories.
 */
static __u64 id_of_name(const char *name)
{
	int end = 0;
	__u64 id;

	if (sscanf(name, "anon_inode:" FILE_NAME "%llu%n", &id, &end) == 1 && name[end] == '\n')
		return id;
	if (sscanf(name, "/" FILE_NAME "%llu (deleted)%n", &id, &end) == 1 && name[end] == '\n')
		return id;
	return 0;
}

/* A line of /proc/PID/maps tells the pages of a mapping, and not the maps in it. */
static void take_vma(struct view *view, const struct process *process, const char *line)
{
	__u64 start, end, id;
	int name_at = 0;
	struct map *map;
	char rights[5];

	if (sscanf(line, "%llx-%llx %4s %*s %*s %*s %n", &start, &end, rights,
		   &name_at) != 3 || !name_at || end <= start)
		return;
	id = id_of_name(line + name_at);
	if (!id)
		return;
	view->maps = grow(view->maps, view->nr_maps, sizeof(*map));
	map = &view->maps[view->nr_maps++];
	*map = (struct map){
		.v[M_ID] = a_number(id),
		.v[M_SPACE] = a_text("process"),
		.v[M_PID] = a_number(process->pid),
		.v[M_COMM] = a_text(process->comm),
		.v[M_ADDRESS] = a_number(start),
		.v[M_LENGTH] = a_number(end - start),
		.v[M_RIGHTS] = a_text(rights[1] == 'w' ? "rw" : "ro"),
	};
}

static void read_vmas(struct view *view, const struct process *process)
{
	FILE *in = open_file("/proc/%d/maps", process->pid);
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	if (!in)
		return;
	while ((length = getline(&line, &room, in)) > 0)
		if (line[length - 1] == '\n')
			take_vma(view, process, line);
	free(line);
	fclose(in);
}

/* Read the effective user of a process. Return false if the process has gone. */
static bool read_uid(pid_t pid, uid_t *uid)
{
	FILE *in = open_file("/proc/%d/status", pid);
	unsigned int effective;
	bool found = false;
	char line[256];

	if (!in)
		return false;
	while (!found && fgets(line, sizeof(line), in))
		found = sscanf(line, "Uid: %*u %u", &effective) == 1;
	fclose(in);
	*uid = found ? effective : 0;
	return found;
}

/* Return the name of a process, with its special characters as the kernel's list has them. */
static char *read_comm(pid_t pid)
{
	FILE *in = open_file("/proc/%d/comm", pid);
	char name[64], escaped[4 * sizeof(name)], *to = escaped;
	size_t length = 0, i;

	if (in) {
		length = fread(name, 1, sizeof(name), in);
		fclose(in);
	}
	if (length && name[length - 1] == '\n')
		length--;
	for (i = 0; i < length; i++) {
		if (name[i] == '\n' || name[i] == '\\')
			to += sprintf(to, "\\%03o", name[i]);
		else if (name[i])
			*to++ = name[i];
	}
	*to = 0;
	return copy_of(escaped);
}

static void read_process(struct view *view, pid_t pid)
{
	struct process *process;
	uid_t uid;

	if (!read_uid(pid, &uid))
		return;
	view->processes = grow(view->processes, view->nr_processes, sizeof(*process));
	process = &view->processes[view->nr_processes++];
	*process = (struct process){ .pid = pid, .uid = uid, .comm = read_comm(pid) };
	read_fds(view, pid);
	if (!view->all)
		read_vmas(view, process);
}

void read_processes(struct view *view)
{
	DIR *dir = open_dir("/proc", 0);
	long pid;

	if (!dir)
		die("%s/proc: %s", options.root, strerror(errno));
	while ((pid = next_number(dir)) >= 0)
		if (pid)
			read_process(view, pid);
	closedir(dir);
}
