/*
 * A libdrmaa of the tests' own, without a cluster. What it does, and what goes wrong, is
 * told by the strings that it is given:
 *
 *   code:N      fails with error N and the text "diagnosis of N"
 *   mute:N      fails with error N and leaves the error text empty
 *   full:N      fails with error N and an error text that fills its buffer
 *   long, full, over, cut, empty    values of attributes; see text()
 *   exit:N signal:NAME core aborted    jobs that have ended so
 *
 * Any other job runs until fake_finish() names it. As Grid Engine's, it may write one byte
 * behind the end of a buffer that it fills.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SUCCESS = 0, INTERNAL = 1, INVALID_ARGUMENT = 4, NO_SESSION = 5, ACTIVE = 11,
       INVALID_VALUE = 14, INVALID_JOB = 18, TIMEOUT = 23, NO_RUSAGE = 24, NO_MORE = 25 };
enum { EXITED = 0x100, SIGNALED = 0x200, ABORTED = 0x400, CORE = 0x800 };
enum { MOST = 64, ALIVE = 0x600d };

typedef struct { int kind, next, count; char **texts; } list_t;
typedef struct { int alive, set; char *names[MOST]; list_t *values[MOST]; } template_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static int active, lists, templates, waiting, most_waiting, longest, submitting, go;
static int disposed, finished_count;
static char *finished[MOST];
static char contact[2048];

/* Writes a text as Grid Engine does: the closing NUL may be behind the end. */
static void put(char *to, size_t size, const char *text) {
  if (to == NULL) return;
  size_t length = strlen(text);
  if (length > size) length = size;
  memcpy(to, text, length);
  to[length] = 0;
}

static int fail(int code, char *diagnosis, size_t size) {
  char text[64];
  snprintf(text, sizeof text, "diagnosis of %d\n", code);
  put(diagnosis, size, text);
  return code;
}

/* The failure that a string asks for, or 0. */
static int told(const char *text, char *diagnosis, size_t size) {
  if (text == NULL) return 0;
  if (strncmp(text, "code:", 5) == 0) return fail(atoi(text + 5), diagnosis, size);
  if (strncmp(text, "mute:", 5) == 0) return put(diagnosis, size, ""), atoi(text + 5);
  if (strncmp(text, "full:", 5) == 0)
    return memset(diagnosis, 'x', size), diagnosis[size] = 'y', atoi(text + 5);
  return 0;
}

static void text(const char *name, char *to, size_t size) {
  memset(to, 'x', size);
  if (strcmp(name, "long") == 0) to[1023] = 0;       /* 1,023 characters */
  else if (strcmp(name, "full") == 0) return;        /* no NUL within the buffer */
  else if (strcmp(name, "over") == 0) to[size] = 0;  /* a NUL behind it */
  else if (strcmp(name, "cut") == 0) to[size - 1] = (char)0xc3, to[size] = 0;
  else to[0] = 0;
}

static list_t *list_new(int kind, int count) {
  list_t *list = calloc(1, sizeof *list);
  list->kind = kind;
  list->count = count;
  list->texts = calloc(count + 1, sizeof(char *));
  lists++;
  return list;
}

static void list_free(list_t *list) {
  for (int i = 0; i < list->count; i++) free(list->texts[i]);
  free(list->texts);
  free(list);
  lists--;
}

static list_t *list_of(int kind, const char **texts) {
  int count = 0;
  while (texts[count] != NULL) count++;
  list_t *list = list_new(kind, count);
  for (int i = 0; i < count; i++) list->texts[i] = strdup(texts[i]);
  return list;
}

static int list_next(list_t *list, char *to, size_t size, int end) {
  if (list->next == list->count) return end;
  const char *text = list->texts[list->next++];
  if (strncmp(text, "code:", 5) == 0) return atoi(text + 5);
  put(to, size, text);
  return SUCCESS;
}

int drmaa_get_next_attr_name(list_t *l, char *to, size_t size) { return list_next(l, to, size, NO_MORE); }
int drmaa_get_next_attr_value(list_t *l, char *to, size_t size) { return list_next(l, to, size, INVALID_VALUE); }
int drmaa_get_next_job_id(list_t *l, char *to, size_t size) { return list_next(l, to, size, NO_MORE); }
/* The lengths are wrong. */
int drmaa_get_num_attr_names(list_t *l, int *size) { return *size = l->count + 7, SUCCESS; }
int drmaa_get_num_attr_values(list_t *l, int *size) { return (void)l, *size = -1, SUCCESS; }
int drmaa_get_num_job_ids(list_t *l, int *size) { return (void)l, *size = 0, SUCCESS; }
void drmaa_release_attr_names(list_t *l) { if (l->kind != 'n') abort(); list_free(l); }
void drmaa_release_attr_values(list_t *l) { if (l->kind != 'v') abort(); list_free(l); }
void drmaa_release_job_ids(list_t *l) { if (l->kind != 'j') abort(); list_free(l); }

int drmaa_init(const char *to, char *diagnosis, size_t size) {
  int code = told(to, diagnosis, size);
  if (code) return code;
  if (active) return fail(ACTIVE, diagnosis, size);
  put(contact, sizeof contact - 1, to ? to : "default");
  active = 1;
  return SUCCESS;
}

int drmaa_exit(char *diagnosis, size_t size) {
  if (!active) return fail(NO_SESSION, diagnosis, size);
  if (waiting || submitting) return fail(INTERNAL, diagnosis, size);
  active = 0;
  return told(contact + strspn(contact, "exit="), diagnosis, size);
}

int drmaa_allocate_job_template(template_t **to, char *diagnosis, size_t size) {
  if (!active) return fail(NO_SESSION, diagnosis, size);
  *to = calloc(1, sizeof **to);
  (*to)->alive = ALIVE;
  templates++;
  return SUCCESS;
}

int drmaa_delete_job_template(template_t *t, char *diagnosis, size_t size) {
  if (t == NULL || t->alive != ALIVE) return fail(INVALID_ARGUMENT, diagnosis, size);
  for (int i = 0; i < t->set; i++) list_free(t->values[i]);
  t->alive = 0; /* and stays in memory, so that a use afterwards is seen */
  templates--;
  return SUCCESS;
}

static list_t *find(template_t *t, const char *name) {
  for (int i = 0; i < t->set; i++)
    if (strcmp(t->names[i], name) == 0) return t->values[i];
  return NULL;
}

static void store(template_t *t, const char *name, list_t *value) {
  for (int i = 0; i < t->set; i++)
    if (strcmp(t->names[i], name) == 0) {
      list_free(t->values[i]);
      t->values[i] = value;
      return;
    }
  if (t->set == MOST) abort();
  t->names[t->set] = strdup(name);
  t->values[t->set++] = value;
}

int drmaa_set_attribute(template_t *t, const char *name, const char *value, char *diagnosis, size_t size) {
  int code = told(value, diagnosis, size);
  if (code) return code;
  if (strncmp(name, "drmaa_v_", 8) == 0) return fail(INVALID_ARGUMENT, diagnosis, size);
  const char *texts[] = { value, NULL };
  store(t, name, list_of('v', texts));
  return SUCCESS;
}

int drmaa_get_attribute(template_t *t, const char *name, char *to, size_t length, char *diagnosis, size_t size) {
  int code = told(name, diagnosis, size);
  if (code) return code;
  list_t *value = find(t, name);
  if (value) return put(to, length, value->texts[0]), SUCCESS;
  if (strncmp(name, "drmaa_", 6) == 0) return fail(INVALID_VALUE, diagnosis, size);
  return text(name, to, length), SUCCESS;
}

int drmaa_set_vector_attribute(template_t *t, const char *name, const char **values, char *diagnosis, size_t size) {
  int code = told(values[0], diagnosis, size);
  if (code) return code;
  store(t, name, list_of('v', values));
  return SUCCESS;
}

int drmaa_get_vector_attribute(template_t *t, const char *name, list_t **to, char *diagnosis, size_t size) {
  list_t *value = find(t, name);
  if (value == NULL) return fail(INVALID_VALUE, diagnosis, size);
  *to = list_of('v', (const char **)value->texts);
  return SUCCESS;
}

int drmaa_get_attribute_names(list_t **to, char *diagnosis, size_t size) {
  if (strcmp(contact, "broken names") == 0) {
    const char *texts[] = { "drmaa_wd", "code:1", NULL };
    return *to = list_of('n', texts), SUCCESS;
  }
  if (strcmp(contact, "no names") == 0) return fail(6, diagnosis, size);
  const char *texts[] = { "drmaa_remote_command", "drmaa_wd", NULL };
  return *to = list_of('n', texts), SUCCESS;
}

int drmaa_get_vector_attribute_names(list_t **to, char *diagnosis, size_t size) {
  (void)diagnosis, (void)size;
  return *to = NULL, SUCCESS;
}

/* Submissions of the category "slow" wait for fake_go(). */
static int submit(template_t *t, char *diagnosis, size_t size) {
  list_t *command = find(t, "drmaa_remote_command");
  list_t *category = find(t, "drmaa_job_category");
  int code = command ? told(command->texts[0] + 1, diagnosis, size) : 0;
  pthread_mutex_lock(&lock);
  if (category && strcmp(category->texts[0], "slow") == 0) {
    submitting++;
    pthread_cond_broadcast(&change);
    while (!go) pthread_cond_wait(&change, &lock);
    submitting--;
    if (t->alive != ALIVE) abort();
  }
  pthread_mutex_unlock(&lock);
  return code;
}

int drmaa_run_job(char *id, size_t length, template_t *t, char *diagnosis, size_t size) {
  int code = submit(t, diagnosis, size);
  if (code) return code;
  return put(id, length, "17"), SUCCESS;
}

int drmaa_run_bulk_jobs(list_t **ids, template_t *t, int start, int end, int step, char *diagnosis, size_t size) {
  int code = submit(t, diagnosis, size);
  if (code) return code;
  *ids = list_new('j', (end - start) / step + 1);
  for (int i = 0; i < (*ids)->count; i++) {
    char id[32];
    snprintf(id, sizeof id, "18.%d", start + i * step);
    (*ids)->texts[i] = strdup(id);
  }
  return SUCCESS;
}

int drmaa_control(const char *job, int action, char *diagnosis, size_t size) {
  int code = told(job, diagnosis, size);
  if (code) return code;
  if (strncmp(job, "action:", 7) == 0 && atoi(job + 7) == action) return SUCCESS;
  return fail(INVALID_JOB, diagnosis, size);
}

int drmaa_job_ps(const char *job, int *state, char *diagnosis, size_t size) {
  int code = told(job, diagnosis, size);
  if (code) return code;
  return *state = (int)strtol(job, NULL, 16), SUCCESS;
}

/* The end of a job as status, or 0 while it runs; the lock is held. */
static int ended(const char *job) {
  if (strncmp(job, "exit:", 5) == 0) return EXITED | atoi(job + 5);
  if (strncmp(job, "signal:", 7) == 0) return SIGNALED;
  if (strcmp(job, "core") == 0) return SIGNALED | CORE;
  if (strcmp(job, "aborted") == 0) return ABORTED;
  for (int i = 0; i < finished_count; i++)
    if (strcmp(finished[i], job) == 0) return EXITED;
  return 0;
}

static void enter(long timeout) {
  waiting++;
  if (waiting > most_waiting) most_waiting = waiting;
  if (timeout < 0) longest = 1 << 20;
  else if (timeout > longest) longest = (int)timeout;
  pthread_cond_broadcast(&change);
}

static struct timespec after(long seconds) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  time.tv_sec += seconds;
  return time;
}

int drmaa_wait(const char *job, char *id, size_t length, int *status, long timeout, list_t **rusage, char *diagnosis, size_t size) {
  int code = told(job, diagnosis, size);
  if (code) return code;
  int any = strcmp(job, "DRMAA_JOB_IDS_SESSION_ANY") == 0;
  struct timespec end = after(timeout);
  pthread_mutex_lock(&lock);
  enter(timeout);
  int late = 0;
  while (!(*status = any ? (finished_count ? EXITED : 0) : ended(job)) && !late)
    late = pthread_cond_timedwait(&change, &lock, &end) == ETIMEDOUT;
  if (*status) put(id, length, any ? finished[--finished_count] : job);
  waiting--;
  pthread_mutex_unlock(&lock);
  if (*status == 0) return fail(TIMEOUT, diagnosis, size);
  if (*status & ABORTED) return fail(NO_RUSAGE, diagnosis, size);
  const char *texts[] = { "ru_wallclock=1.5", "command=a=b", "empty=", "bare", NULL };
  *rusage = list_of('v', texts);
  return SUCCESS;
}

int drmaa_synchronize(const char **jobs, long timeout, int dispose, char *diagnosis, size_t size) {
  int code = told(jobs[0], diagnosis, size);
  if (code) return code;
  struct timespec end = after(timeout);
  pthread_mutex_lock(&lock);
  enter(timeout);
  int late = 0, all = 0;
  do {
    all = 1;
    for (int i = 0; jobs[i] != NULL; i++) all = all && ended(jobs[i]);
    if (!all && !late) late = pthread_cond_timedwait(&change, &lock, &end) == ETIMEDOUT;
    else break;
  } while (1);
  if (all && dispose) disposed++;
  waiting--;
  pthread_mutex_unlock(&lock);
  return all ? SUCCESS : fail(TIMEOUT, diagnosis, size);
}

int drmaa_wifexited(int *to, int status, char *d, size_t s) { return (void)d, (void)s, *to = status & EXITED, SUCCESS; }
int drmaa_wifsignaled(int *to, int status, char *d, size_t s) { return (void)d, (void)s, *to = status & SIGNALED, SUCCESS; }
int drmaa_wifaborted(int *to, int status, char *d, size_t s) { return (void)d, (void)s, *to = status & ABORTED, SUCCESS; }
int drmaa_wexitstatus(int *to, int status, char *d, size_t s) {
  if (!(status & EXITED)) return fail(INVALID_ARGUMENT, d, s);
  return *to = status & 0xff, SUCCESS;
}
int drmaa_wcoredump(int *to, int status, char *d, size_t s) {
  if (!(status & SIGNALED)) return fail(INVALID_ARGUMENT, d, s);
  return *to = status & CORE, SUCCESS;
}
int drmaa_wtermsig(char *to, size_t length, int status, char *d, size_t s) {
  if (!(status & SIGNALED)) return fail(INVALID_ARGUMENT, d, s);
  return put(to, length, status & CORE ? "SIGSEGV" : "SIGKILL"), SUCCESS;
}

const char *drmaa_strerror(int code) { return code == 99 ? NULL : "text of the number"; }
int drmaa_get_contact(char *to, size_t length, char *d, size_t s) { return (void)d, (void)s, put(to, length, contact), SUCCESS; }
int drmaa_version(unsigned *major, unsigned *minor, char *d, size_t s) { return (void)d, (void)s, *major = 1, *minor = 0, SUCCESS; }
int drmaa_get_DRM_system(char *to, size_t length, char *d, size_t s) { return (void)d, (void)s, text("full", to, length), SUCCESS; }
int drmaa_get_DRMAA_implementation(char *to, size_t length, char *d, size_t s) { return (void)d, (void)s, put(to, length, "fake"), SUCCESS; }

/* For the tests. */

/* Ends a job. */
void fake_finish(const char *job) {
  pthread_mutex_lock(&lock);
  if (finished_count == MOST) abort();
  finished[finished_count++] = strdup(job);
  pthread_cond_broadcast(&change);
  pthread_mutex_unlock(&lock);
}

/* Blocks until so many threads are inside a wait, or a submission. */
void fake_until_waiting(int count) {
  pthread_mutex_lock(&lock);
  while (waiting < count) pthread_cond_wait(&change, &lock);
  pthread_mutex_unlock(&lock);
}

void fake_until_submitting(int count) {
  pthread_mutex_lock(&lock);
  while (submitting < count) pthread_cond_wait(&change, &lock);
  pthread_mutex_unlock(&lock);
}

/* Lets the slow submissions go on. */
void fake_go(int value) {
  pthread_mutex_lock(&lock);
  go = value;
  pthread_cond_broadcast(&change);
  pthread_mutex_unlock(&lock);
}

/* A count, by its first letter. */
int fake_count(int what) {
  switch (what) {
    case 'a': return active;
    case 'l': return lists;
    case 't': return templates;
    case 'w': return most_waiting;
    case 's': return longest;
    case 'd': return disposed;
    default: return -1;
  }
}
