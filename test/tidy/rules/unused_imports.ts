/** Names that a file imports and does not use; the host's are found by eslint as well. */
import ts from "typescript";
import type { Finding, Source } from "../sources.js";

export function unusedImports(sources: readonly Source[]): Finding[] {
  return sources.flatMap((source) => {
    const file = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest, true);
    const used = new Set<string>();
    const visit = (node: ts.Node): void => {
      if (ts.isImportDeclaration(node)) return;
      if (ts.isIdentifier(node)) used.add(node.text);
      node.forEachChild(visit);
    };
    visit(file);
    return file.statements.filter(ts.isImportDeclaration).flatMap((statement) => {
      const bindings = statement.importClause?.namedBindings;
      if (bindings === undefined || !ts.isNamedImports(bindings)) return [];
      return bindings.elements
        .filter(({ name }) => !used.has(name.text))
        .map(({ name }) => ({
          path: source.path,
          line: file.getLineAndCharacterOfPosition(name.getStart()).line + 1,
          problem: `${name.text} is imported and not used`,
        }));
    });
  });
}
