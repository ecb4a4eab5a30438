/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iokmem: look at the descriptors and maps of the kernel module of that name, and make named
 * buffers.
 *
 * parse.c reads the kernel's lines, view.c collects what this user may see, and each command
 * has a source of its own that shows a part of it.
 */
#ifndef _IOKMEM_TOOL_H
#define _IOKMEM_TOOL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <linux/types.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* Exit codes. */
#define EXIT_FOUND		1	/* leaks: there are some; show, draw: no such descriptor */
#define EXIT_TROUBLE		2	/* no module, no permission, bad usage */

/**
 * struct value - the value of a key
 * @known: the kernel has told it
 * @number: the number, if the key has one
 * @text: the text, or NULL if the key has a number
 */
struct value {
	bool known;
	__u64 number;
	char *text;
};

/* The keys of a descriptor, in the order of desc_keys. */
enum desc_key {
	D_ID, D_KIND, D_CAPACITY, D_LENGTH, D_RESIDENT, D_CHARGED, D_CACHE, D_DIRECTION,
	D_PREPARED, D_EXTENTS, D_MAPS, D_HELD, D_DMA_BUFS, D_REVOKED, D_PARENT, D_OFFSET,
	D_RIGHTS, D_USERS, D_MAKER, D_MAKER_PID, D_MAKER_UID, D_MAKER_COMM, D_CHARGED_UID,
	NR_DESC_KEYS
};

/* The keys of a map, in the order of map_keys. */
enum map_key {
	M_ID, M_MAPPING, M_PART, M_SPACE, M_PID, M_COMM, M_ADDRESS, M_OFFSET, M_LENGTH,
	M_RIGHTS, M_UNIQUE, M_REFERENCES,
	NR_MAP_KEYS
};

/* The keys of a pool, in the order of pool_keys. */
enum pool_key { P_CACHE, P_USED, P_IDLE, P_PEAK, P_LEFTOVER, P_LOST, NR_POOL_KEYS };

/**
 * struct key - a key that the kernel tells
 * @name: as in the kernel's files
 * @json: as in JSON
 * @is_text: the value is a text
 * @when: which records have it, if the module is not older than this program
 */
struct key {
	const char *name;
	const char *json;
	bool is_text;
	enum { ALWAYS, SOMETIMES, IN_LIST, IN_FDINFO } when;
};

extern const struct key desc_keys[NR_DESC_KEYS], map_keys[NR_MAP_KEYS], pool_keys[NR_POOL_KEYS];

/* A piece of a multi-descriptor. */
struct member {
	__u64 id, offset, length;
};

/* A user who is charged for keeping memory in place. */
struct holder {
	__u64 uid, bytes;
};

struct desc {
	struct value v[NR_DESC_KEYS];
	struct member *members;
	size_t nr_members;
	struct holder *holders;
	size_t nr_holders;
};

struct map {
	struct value v[NR_MAP_KEYS];
};

struct pool {
	struct value v[NR_POOL_KEYS];
};

/* A file descriptor of a process. */
struct file {
	__u64 id;
	pid_t pid;
	int fd;
	char *rights;
};

struct process {
	pid_t pid;
	uid_t uid;
	char *comm;
};

/**
 * struct view - what this user may see of the kernel's descriptors
 * @all: it is everything, of all users, by the list that only the administrator may read
 * @descs: the descriptors, by number
 * @maps: the maps, by the number of the descriptor
 * @pools: the pools, and one entry with what is left over
 * @files: file descriptors, by the number of the descriptor
 * @processes: all processes that exist, by number
 */
struct view {
	bool all;
	struct desc *descs;
	size_t nr_descs;
	struct map *maps;
	size_t nr_maps;
	struct pool *pools;
	size_t nr_pools;
	struct file *files;
	size_t nr_files;
	struct process *processes;
	size_t nr_processes;
};

/* Options that all commands share. */
struct options {
	bool json;
	const char *root;	/* where /proc and /sys are looked for; "" usually */
	const char *argument;	/* the first argument, or NULL */
	const char *const *arguments;	/* all arguments, and NULL */
	double delay;		/* of top, in seconds */
	unsigned long count;	/* of top: how often; 0: until it is quit */
};

extern struct options options;

/* main.c: each returns an exit code. */
int command_list(void);
int command_maps(void);
int command_show(void);
int command_top(void);
int command_draw(void);
int command_leaks(void);
int command_limits(void);
int command_report(void);
int command_create(void);
int command_remove(void);

/* util.c */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
__attribute__((format(printf, 1, 2))) void warn(const char *format, ...);
__attribute__((format(printf, 1, 0))) char *vtext_of(const char *format, va_list args);
__attribute__((format(printf, 1, 2))) char *text_of(const char *format, ...);
void *zalloc(size_t nr, size_t size);
void *grow(void *array, size_t nr, size_t size);
char *copy_of(const char *text);
FILE *open_file(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool parse_number(const char *text, __u64 *number);
void put_escaped(FILE *out, const char *text);
int utf8_length(const unsigned char *text);
const char *size_text(__u64 bytes, char *text, size_t size);
const char *user_name(uid_t uid);

/* parse.c */
struct parser;
struct parser *parser_new(FILE *in);
bool parser_next(struct parser *parser);
void parser_free(struct parser *parser);
bool parser_desc(struct parser *parser, bool listed, struct desc *desc);
bool parser_map(struct parser *parser, struct map *map);
bool parser_pool(struct parser *parser, struct pool *pool);
void desc_free(struct desc *desc);
void map_free(struct map *map);
void values_free(struct value *values, size_t nr);

/* view.c */
void view_read(struct view *view);
void view_free(struct view *view);
struct desc *view_desc(const struct view *view, __u64 id);
__u64 wanted_id(void);
struct desc *view_wanted(const struct view *view, __u64 id);
struct map *view_maps_of(const struct view *view, __u64 id, size_t *nr);
struct file *view_files_of(const struct view *view, __u64 id, size_t *nr);
struct process *view_process(const struct view *view, __u64 pid);
bool number_of(const struct value *value, __u64 *number);

/* proc.c */
void read_processes(struct view *view);

/* table.c */
struct column {
	const char *title;
	bool right;		/* numbers are flush right */
};

struct table;
struct table *table_new(const struct column *columns, size_t nr);
__attribute__((format(printf, 2, 3))) void table_cell(struct table *table, const char *format, ...);
void table_number(struct table *table, const struct value *value);
void table_size(struct table *table, const struct value *value);
void table_text(struct table *table, const struct value *value);
void table_print(struct table *table, FILE *out, size_t lines, size_t width);
void table_free(struct table *table);
bool use_colour(FILE *out);
extern const char *colour_bold, *colour_warn, *colour_off;

/* list.c, maps.c */
void maker_cell(struct table *table, const struct desc *desc);
void maps_table(const struct map *maps, size_t nr);

/* json.c */
void json_begin(const char *name, char bracket);
void json_end(char bracket);
void json_number(const char *name, __u64 number);
void json_bool(const char *name, bool value);
void json_text(const char *name, const char *text);
void json_null(const char *name);
void json_values(const struct key *keys, const struct value *values, size_t nr);
void json_document(const struct view *view);
void json_document_end(void);
void json_desc(const char *name, const struct view *view, const struct desc *desc);
void json_map(const struct map *map);

#endif /* _IOKMEM_TOOL_H */
