/*
 * A libdrmaa of the tests' own whose cluster is a directory, named by FAKE_CLUSTER: so it
 * outlives the processes that use it, as a cluster does. Nothing ever runs there.
 *
 *   calls             a line for each call: its name, and what it is about
 *   jobs/ID           a task that waits
 *   ended/ID          one that has ended and that nobody was told of; in it may stand with
 *                     which status it exited
 *   plan.NAME         what goes wrong in a call, or in "load", when the library is loaded:
 *     exit N TEXT       prints the text and ends the process with status N
 *     say TEXT          prints the text, and goes on
 *     crash TEXT        prints the text and ends it by SIGSEGV
 *     fail N TEXT       fails with error N
 *     unsuited          knows no queue that suits, unless it is not to look (-w n)
 *     queued            tells that a job is in the queue
 *     phantom           gives out numbers, and makes no jobs
 *     given             makes jobs, and does not return while there is the plan
 *     block             does not return while there is the plan
 */

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { EXITED = 256 };
enum { SUCCESS = 0, INVALID_JOB = 18, TIMEOUT = 23, NO_RUSAGE = 24, NO_MORE = 25 };
typedef struct { int next, count, number; } list_t;

static char *at(const char *name) {
  static _Thread_local char path[8][4096];
  static _Thread_local int turn;
  char *to = path[turn++ % 8];
  snprintf(to, sizeof path[0], "%s/%s", getenv("FAKE_CLUSTER"), name);
  return to;
}

static void put(char *to, size_t size, const char *text) {
  if (to) snprintf(to, size, "%s", text);
}

static void nap(void) { nanosleep(&(struct timespec){ 0, 20000000 }, NULL); }

/* Whether there is a plan, which is read to the second buffer. */
static int planned(const char *name, char *plan, size_t size) {
  char file[128];
  snprintf(file, sizeof file, "plan.%s", name);
  FILE *stream = fopen(at(file), "r");
  if (!stream) return 0;
  if (!fgets(plan, (int)size, stream)) plan[0] = 0;
  fclose(stream);
  return 1;
}

/* Takes a call down, and does what is planned for it: an error, or 0. */
static int enter(const char *name, const char *about, char *to, size_t size) {
  FILE *calls = fopen(at("calls"), "a");
  if (calls) fprintf(calls, "%s %s\n", name, about ? about : ""), fclose(calls);
  char plan[512];
  int number = 0, length = 0;
  if (!planned(name, plan, sizeof plan)) return 0;
  while (strncmp(plan, "block", 5) == 0) {
    nap();
    if (!planned(name, plan, sizeof plan)) return 0;
  }
  if (sscanf(plan, "exit %d %n", &number, &length) == 1)
    fprintf(stderr, "%s", plan + length), fflush(stderr), _exit(number);
  if (strncmp(plan, "crash", 5) == 0)
    printf("%s", plan + 6), fflush(stdout), signal(SIGSEGV, SIG_DFL), raise(SIGSEGV);
  if (strncmp(plan, "say", 3) == 0) printf("%s", plan + 4), fflush(stdout);
  if (sscanf(plan, "fail %d %n", &number, &length) == 1) return put(to, size, plan + length), number;
  return 0;
}

__attribute__((constructor)) static void load(void) { enter("load", NULL, NULL, 0); }

int drmaa_init(const char *contact, char *d, size_t s) { return enter("init", contact, d, s); }
int drmaa_exit(char *d, size_t s) { return enter("exit", NULL, d, s); }
int drmaa_get_contact(char *to, size_t l, char *d, size_t s) { return (void)d, (void)s, put(to, l, "session=fake"), SUCCESS; }
int drmaa_get_DRM_system(char *to, size_t l, char *d, size_t s) { return (void)d, (void)s, put(to, l, "Fake 1.0"), SUCCESS; }
int drmaa_get_DRMAA_implementation(char *to, size_t l, char *d, size_t s) { return (void)d, (void)s, put(to, l, "fake"), SUCCESS; }
int drmaa_version(unsigned *major, unsigned *minor, char *d, size_t s) { return (void)d, (void)s, *major = 1, *minor = 0, SUCCESS; }
const char *drmaa_strerror(int code) { return (void)code, "failed"; }

int drmaa_allocate_job_template(void **to, char *d, size_t s) { return (void)d, (void)s, *to = malloc(1), SUCCESS; }
int drmaa_delete_job_template(void *t, char *d, size_t s) { return (void)d, (void)s, free(t), SUCCESS; }
static char native[1024];
int drmaa_set_attribute(void *t, const char *n, const char *v, char *d, size_t s) {
  (void)t;
  if (strcmp(n, "drmaa_native_specification") == 0) put(native, sizeof native, v);
  else if (strcmp(n, "drmaa_remote_command") != 0) return SUCCESS;
  return enter("set_attribute", v, d, s);
}
int drmaa_get_attribute(void *t, const char *n, char *to, size_t l, char *d, size_t s) { return (void)t, (void)n, (void)d, (void)s, put(to, l, ""), SUCCESS; }
int drmaa_set_vector_attribute(void *t, const char *n, const char **v, char *d, size_t s) { return (void)t, (void)n, (void)v, (void)d, (void)s, SUCCESS; }
int drmaa_get_vector_attribute(void *t, const char *n, list_t **to, char *d, size_t s) { return (void)t, (void)n, (void)d, (void)s, *to = NULL, SUCCESS; }
int drmaa_get_attribute_names(list_t **to, char *d, size_t s) { return (void)d, (void)s, *to = NULL, SUCCESS; }
int drmaa_get_vector_attribute_names(list_t **to, char *d, size_t s) { return (void)d, (void)s, *to = NULL, SUCCESS; }

static void task(char *to, size_t size, int number, int i) { snprintf(to, size, "%d.%d", number, i); }

int drmaa_run_job(char *id, size_t l, void *t, char *d, size_t s) { return (void)t, (void)d, (void)s, put(id, l, "0"), SUCCESS; }
int drmaa_run_bulk_jobs(list_t **ids, void *t, int start, int end, int step, char *d, size_t s) {
  (void)t, (void)start, (void)step;
  int number = 0;
  FILE *stream = fopen(at("number"), "r");
  if (stream) { if (fscanf(stream, "%d", &number) != 1) number = 0; fclose(stream); }
  stream = fopen(at("number"), "w");
  if (stream) fprintf(stream, "%d", ++number), fclose(stream);
  int code = enter("run_bulk_jobs", NULL, d, s);
  if (code) return code;
  char plan[64];
  if (planned("run_bulk_jobs", plan, sizeof plan) && strncmp(plan, "unsuited", 8) == 0 && !strstr(native, "-w n"))
    return put(d, s, "error: no suitable queues"), 17;
  int phantom = planned("run_bulk_jobs", plan, sizeof plan) && strncmp(plan, "phantom", 7) == 0;
  for (int i = 1; i <= end && !phantom; i++) {
    char file[64];
    snprintf(file, sizeof file, "jobs/%d.%d", number, i);
    stream = fopen(at(file), "w");
    if (stream) fclose(stream);
  }
  while (planned("run_bulk_jobs", plan, sizeof plan) && strncmp(plan, "given", 5) == 0) nap();
  *ids = calloc(1, sizeof **ids);
  (*ids)->count = end, (*ids)->number = number;
  return SUCCESS;
}

int drmaa_get_next_job_id(list_t *l, char *to, size_t size) {
  if (l->next == l->count) return NO_MORE;
  return task(to, size, l->number, ++l->next), SUCCESS;
}
int drmaa_get_num_job_ids(list_t *l, int *size) { return *size = l->count, SUCCESS; }
void drmaa_release_job_ids(list_t *l) { free(l); }
int drmaa_get_next_attr_name(list_t *l, char *to, size_t s) { return (void)l, (void)to, (void)s, NO_MORE; }
int drmaa_get_next_attr_value(list_t *l, char *to, size_t s) { return (void)l, (void)to, (void)s, NO_MORE; }
int drmaa_get_num_attr_names(list_t *l, int *size) { return (void)l, *size = 0, SUCCESS; }
int drmaa_get_num_attr_values(list_t *l, int *size) { return (void)l, *size = 0, SUCCESS; }
void drmaa_release_attr_names(list_t *l) { (void)l; }
void drmaa_release_attr_values(list_t *l) { (void)l; }

/* Moves a task, or any one where none is named, whose name is then written to `to`. */
static int move(const char *from, const char *where, const char *job, char *to, size_t size) {
  DIR *folder = opendir(at(from));
  int moved = 0;
  for (struct dirent *entry; folder && !moved && (entry = readdir(folder));) {
    if (entry->d_name[0] == '.' || (job && strcmp(job, entry->d_name) != 0)) continue;
    char old[300], new[300];
    snprintf(old, sizeof old, "%s/%s", from, entry->d_name);
    snprintf(new, sizeof new, "%s/%s", where, entry->d_name);
    moved = rename(at(old), at(new)) == 0;
    if (moved && to) snprintf(to, size, "%s", entry->d_name);
  }
  if (folder) closedir(folder);
  return moved;
}

int drmaa_control(const char *job, int action, char *d, size_t s) {
  (void)action;
  int code = enter("control", job, d, s);
  if (code) return code;
  if (strcmp(job, "DRMAA_JOB_IDS_SESSION_ALL") == 0) {
    while (move("jobs", "ended", NULL, NULL, 0));
    return SUCCESS;
  }
  if (move("jobs", "ended", job, NULL, 0)) return SUCCESS;
  return put(d, s, "no such job"), INVALID_JOB;
}

int drmaa_job_ps(const char *job, int *state, char *d, size_t s) {
  int code = enter("job_ps", job, d, s);
  if (code) return code;
  char file[300];
  snprintf(file, sizeof file, "jobs/%s", job);
  char plan[64];
  if (planned("job_ps", plan, sizeof plan) && strncmp(plan, "queued", 6) == 0)
    return *state = 0x10, SUCCESS;
  return *state = access(at(file), F_OK) == 0 ? 0x20 : 0, SUCCESS;
}

int drmaa_wait(const char *job, char *id, size_t l, int *status, long timeout, list_t **rusage, char *d, size_t s) {
  (void)job;
  char plan[64];
  if (planned("wait", plan, sizeof plan)) enter("wait", NULL, d, s);
  *rusage = NULL, *status = 0;
  for (long i = 0; i <= timeout * 50; i++, nap())
    if (move("ended", "reaped", NULL, id, l)) {
      char file[300];
      snprintf(file, sizeof file, "reaped/%s", id);
      FILE *stream = fopen(at(file), "r");
      int exited = 0;
      if (stream && fscanf(stream, "%d", &exited) == 1) *status = EXITED | exited;
      if (stream) fclose(stream);
      return NO_RUSAGE;
    }
  return put(d, s, "nothing has ended"), TIMEOUT;
}

int drmaa_synchronize(const char **j, long t, int x, char *d, size_t s) { return (void)j, (void)t, (void)x, (void)d, (void)s, SUCCESS; }
int drmaa_wifexited(int *to, int status, char *d, size_t s) { return (void)d, (void)s, *to = status & EXITED, SUCCESS; }
int drmaa_wifsignaled(int *to, int status, char *d, size_t s) { return (void)status, (void)d, (void)s, *to = 0, SUCCESS; }
int drmaa_wifaborted(int *to, int status, char *d, size_t s) { return (void)d, (void)s, *to = !(status & EXITED), SUCCESS; }
int drmaa_wexitstatus(int *to, int status, char *d, size_t s) { return (void)d, (void)s, *to = status % EXITED, SUCCESS; }
int drmaa_wcoredump(int *to, int status, char *d, size_t s) { return (void)status, (void)d, (void)s, *to = 0, SUCCESS; }
int drmaa_wtermsig(char *to, size_t l, int status, char *d, size_t s) { return (void)status, (void)d, (void)s, put(to, l, "SIGKILL"), SUCCESS; }
