/** The first and the last line of a recording. */
import type { RecordingHeader, RecordingTrailer } from "./events.js";
import { Fields } from "./fields.js";

/** What the modelled mm is: the kernel whose rules it follows and the machine it runs on. */
export const MODELLED = {
  kernel: "6.18",
  machine: "x86_64",
  page: 4096,
  pmd: 2 * 1024 * 1024,
  flush_ceiling: 33,
} as const;

/** Words of the files below /sys/kernel/mm/transparent_hugepage (transhuge.rst). */
const THP_WORDS = ["always", "madvise", "never"];
const SHMEM_THP_WORDS = ["always", "within_size", "advise", "never", "deny", "force"];
const FOLIO_WORDS = [...THP_WORDS, "inherit"];
const FOLIO_SIZE = /^\d+kB$/;

export function parseHeader(fields: Fields): RecordingHeader {
  const format = fields.integer("format");
  if (format !== 1) {
    fields.fail(
      `the recording has format ${format}; format 1 is understood`,
      "Read it with the version of this tool that wrote it",
    );
  }
  return {
    format,
    name: fields.text("name"),
    program: parseProgram(fields),
    kernel: fields.text("kernel"),
    machine: fields.text("machine"),
    cpus: fields.integer("cpus", 1),
    page: fields.integer("page", 1),
    pmd: fields.integer("pmd", 1),
    thp: fields.has("thp") ? fields.word("thp", THP_WORDS) : "never",
    shmem_thp: fields.has("shmem_thp") ? fields.word("shmem_thp", SHMEM_THP_WORDS) : "never",
    thp_sizes: fields.has("thp_sizes") ? folioSizes(fields.nested("thp_sizes")) : {},
    swap: fields.has("swap") && fields.boolean("swap"),
    ksm: textOr(fields, "ksm", "0"),
    flush_ceiling: fields.integer("flush_ceiling", 0),
    window: parseWindow(fields),
    needs: fields.has("needs") ? textArray(fields, "needs") : [],
    note: textOr(fields, "note", ""),
  };
}

export function parseTrailer(fields: Fields): RecordingTrailer {
  return {
    events: counts(fields.nested("events")),
    lost: fields.integer("lost", 0),
    dropped: fields.has("dropped") ? counts(fields.nested("dropped")) : {},
    exit_status: fields.has("exit_status") ? fields.integer("exit_status") : null,
  };
}

/** In what the recorded machine differs from the modelled one, one sentence each. */
export function headerWarnings(header: RecordingHeader): string[] {
  const release = header.kernel.split(/[.-]/).slice(0, 2).join(".");
  const recorded = { ...header, kernel: release };
  const names = Object.keys(MODELLED) as (keyof typeof MODELLED)[];
  return names
    .filter((name) => recorded[name] !== MODELLED[name])
    .map(
      (name) =>
        `${name} of the recording is ${header[name]}, the mm models ${MODELLED[name]}: ` +
        `predictions may differ`,
    );
}

function parseProgram(fields: Fields): string | string[] {
  const isList = Array.isArray(fields.object["program"]);
  return isList ? textArray(fields, "program") : fields.text("program");
}

function parseWindow(fields: Fields): [number, number] | null {
  if (!fields.has("window")) return null;
  const [start, end] = fields.array("window");
  const { subject, file, line } = fields;
  const range = new Fields({ start, end }, `"window" of ${subject}`, file, line).range();
  return [range.start, range.end];
}

function textOr(fields: Fields, name: string, absent: string): string {
  return fields.has(name) ? fields.text(name) : absent;
}

function textArray(fields: Fields, name: string): string[] {
  const values = fields.array(name);
  if (!values.every((value) => typeof value === "string")) {
    fields.fail(`the field "${name}" of ${fields.subject} is not an array of texts`);
  }
  return values;
}

function folioSizes(fields: Fields): Record<string, string> {
  const sizes = Object.keys(fields.object);
  const wrong = sizes.find((size) => !FOLIO_SIZE.test(size));
  if (wrong !== undefined) fields.fail(`"${wrong}" is not a folio size such as 64kB`);
  return Object.fromEntries(sizes.map((size) => [size, fields.word(size, FOLIO_WORDS)]));
}

function counts(fields: Fields): Record<string, number> {
  return Object.fromEntries(
    Object.keys(fields.object).map((name) => [name, fields.integer(name, 0)]),
  );
}
