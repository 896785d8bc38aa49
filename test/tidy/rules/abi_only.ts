/** Who may know where bytes lie: only src/abi touches the core's memory. */
import { checkLines, type Finding, type Source } from "../sources.js";

interface Rule {
  readonly what: RegExp;
  readonly problem: string;
  /** Files that encode bytes of their own, apart from the core's memory. */
  readonly except: readonly string[];
}

const RULES: readonly Rule[] = [
  {
    what: /\bWebAssembly\b/,
    problem: "WebAssembly is known to src/abi only: use Core",
    except: [],
  },
  {
    what: /\bmemory\.buffer\b/,
    problem: "the core's memory is read by src/abi only: use Core.bytes or Core.view",
    except: [],
  },
  {
    what: /\bDataView\b|\.[gs]et(?:Big)?(?:Uint|Int|Float)\d+\(/,
    problem: "records are read and written by src/abi/records.ts: add a record to assembly/abi",
    except: [
      // The last four bytes of a gzip file are its length.
      "src/workload/byte_source.ts",
      // Events are encoded while a recording is read, long before there is a core to hold them.
      "src/workload/encode.ts",
    ],
  },
];

export function memoryAccesses(sources: readonly Source[]): Finding[] {
  return RULES.flatMap(({ what, problem, except }) =>
    checkLines(sources, (line, path) =>
      path.startsWith("src/abi/") || except.includes(path) || isComment(line) || !what.test(line)
        ? null
        : problem,
    ),
  );
}

function isComment(line: string): boolean {
  return /^\s*(?:\*|\/\*|\/\/)/.test(line);
}
