import { EventEmitter } from "node:events";
import type { Readable } from "node:stream";

// =============================================================================
//  Types
// =============================================================================

export type Id = `task_${number}`;
export type Status = "todo" | "doing" | "done";

export interface Task {
  readonly id: Id;
  title: string;
  status: Status;
  tags: ReadonlySet<string>;
  due?: Date; // undefined = no deadline
}

type Patch = Partial<Omit<Task, "id">>;
type Listener = (task: Task, before: Status | null) => void;

const MARKS: Record<Status, string> = {
  todo: "\u2610",  // ballot box
  doing: "\u25B6", // play
  done: "\u2611",  // checked box
} as const;

// =============================================================================
//  Board
// =============================================================================

export class Board {
  #tasks = new Map<Id, Task>();
  #bus = new EventEmitter();
  #next = 1;

  add(title: string, ...tags: string[]): Task {
    const clean = title.trim().replace(/\s+/gu, " ");
    if (!clean) throw new RangeError("a task needs a title");
    const task: Task = {
      id: `task_${this.#next++}`,
      title: clean,
      status: "todo",
      tags: new Set(tags.map((t) => t.toLowerCase())),
    };
    this.#tasks.set(task.id, task);
    this.#bus.emit("change", task, null);
    return task;
  }

  update(id: Id, patch: Patch): Task | undefined {
    const task = this.#tasks.get(id);
    if (task === undefined) return undefined;
    const before = task.status;
    Object.assign(task, patch);
    this.#bus.emit("change", task, before);
    return task;
  }

  onChange(fn: Listener): () => void {
    this.#bus.on("change", fn);
    return () => void this.#bus.off("change", fn);
  }

  *overdue(now = new Date()): Generator<Task> {
    for (const t of this.#tasks.values()) {
      if (t.status !== "done" && (t.due?.getTime() ?? Infinity) < +now) yield t;
    }
  }

  toString(): string {
    return [...this.#tasks.values()]
      .map((t) => `${MARKS[t.status]} ${t.title}${t.tags.size ? `  #${[...t.tags].join(" #")}` : ""}`)
      .join("\n");
  }
}

/** Reads one title per line; lines starting with "//" are skipped. */
export async function load(input: Readable, board = new Board()): Promise<Board> {
  let rest = "";
  for await (const chunk of input.setEncoding("utf8")) {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line && !line.startsWith("//")) board.add(line);
    }
  }
  if (rest) board.add(rest); // no newline at end of file
  return board;
}
