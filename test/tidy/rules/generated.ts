/** Files that the build writes are those of the sources that stand beside them. */
interface Generated {
  readonly file: string;
  /** A file, or a folder with a slash at its end. */
  readonly sources: readonly string[];
}

const GENERATED: readonly Generated[] = [
  { file: "src/abi/layout.generated.ts", sources: ["assembly/abi/", "scripts/"] },
  { file: "src/abi/recording.generated.ts", sources: ["assembly/abi/", "scripts/"] },
  { file: "src/abi/vocabulary.generated.ts", sources: ["assembly/abi/", "scripts/"] },
];

export const GENERATED_FILES = GENERATED.map(({ file }) => file);

/**
 * Generated files that the build has changed although none of their sources was changed since the
 * last commit: somebody committed the sources without them.
 */
export function staleFiles(changed: readonly string[]): string[] {
  return GENERATED.filter(
    ({ file, sources }) =>
      changed.includes(file) &&
      !sources.some((source) => changed.some((path) => path.startsWith(source))),
  ).map(({ file }) => file);
}
