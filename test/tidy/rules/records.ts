/** Records are bare memory that the host lays out too. */
import type { Finding, Source } from "../sources.js";

/** Methods of classes without a header of their own. */
export function methodsOfRecords(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(/@unmanaged\s+(?:export )?class (\w+)[^{]*\{([\s\S]*?)\n\}/g)].flatMap(
      ([, name, body]) =>
        /^ {2}(?:static |private |get |set )*\w+\(/m.test(body!)
          ? [{ path, line: 0, problem: `${name} is a record: it has fields and no methods` }]
          : [],
    ),
  );
}
