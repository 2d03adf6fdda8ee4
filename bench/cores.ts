import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Which processors a process may run on: as `taskset -c` takes it. */
export type Cores = string;

/** The processors of this machine that we may use, `0-3,6` spelled out. */
function usableCores(): readonly number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface ServerCores {
  readonly cores: Cores;
  /** There were too few for the load to have one to itself. */
  readonly sharedWithLoad: boolean;
}

export interface CorePlan {
  /** For the load alone, as far as there are enough. */
  readonly load: Cores;
  /** For a server of so many processes. */
  servers(processes: number): ServerCores;
}

/** To be made before anything is pinned. */
export function planCores(): CorePlan {
  const usable = usableCores();
  const rest = usable.slice(0, -1);
  return {
    load: String(usable.at(-1)),
    servers(processes) {
      const sharedWithLoad = processes > rest.length;
      return { cores: (sharedWithLoad ? usable : rest).slice(0, processes).join(), sharedWithLoad };
    },
  };
}

/** Puts this process, with all its threads, on these processors. */
export function pinSelf(cores: Cores): void {
  execFileSync('taskset', ['-a', '-c', '-p', cores, String(process.pid)], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Seconds of CPU time that a process and its children have used, in user mode and in the kernel, with threads that have ended. */
export function cpuSeconds(pid: number): number {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' '),
  );
  return children.filter((text) => text.trim()).reduce((sum, child) => sum + cpuSeconds(Number(child)), ownSeconds(pid));
}

/** proc(5): fields 14 and 15 of `stat`, in ticks; the name in field 2 may hold anything up to the last parenthesis. */
function ownSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
