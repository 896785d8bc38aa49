/** The words of a source that people read: its identifiers, split into words, and its comments. */
import ts from "typescript";
import type { Source } from "./sources.js";

export interface Phrase {
  readonly line: number;
  readonly text: string;
}

export interface Import {
  readonly line: number;
  /** As it is written. */
  readonly from: string;
}

/** What a source imports or exports again, types included. */
export function importsOf({ text }: Source): Import[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName, pos }) => ({
    line: text.slice(0, pos).split("\n").length,
    from: fileName,
  }));
}

/**
 * What a source needs of others when it runs: imports of which a name is used other than as a type,
 * and everything that it exports again. A type that is handed in makes no circle of imports.
 */
export function valueImportsOf({ path, text }: Source): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const values = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isIdentifier(node)) values.add(node.text);
    node.forEachChild(visit);
  };
  visit(file);
  return file.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) {
      const isRun = !statement.isTypeOnly && statement.moduleSpecifier !== undefined;
      return isRun ? [specifierOf(statement.moduleSpecifier)] : [];
    }
    if (!ts.isImportDeclaration(statement)) return [];
    const isRun = namesOf(statement.importClause).some((name) => values.has(name));
    return isRun ? [specifierOf(statement.moduleSpecifier)] : [];
  });
}

function specifierOf(specifier: ts.Expression): string {
  return ts.isStringLiteral(specifier) ? specifier.text : "";
}

/** The names that an import makes known, those of types left out. */
function namesOf(clause: ts.ImportClause | undefined): string[] {
  if (clause === undefined || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return [];
  const names = clause.name === undefined ? [] : [clause.name.text];
  const bindings = clause.namedBindings;
  if (bindings === undefined) return names;
  if (ts.isNamespaceImport(bindings)) return [...names, bindings.name.text];
  const elements = bindings.elements.filter(({ isTypeOnly }) => !isTypeOnly);
  return [...names, ...elements.map(({ name }) => name.text)];
}

/** Lines that begin or end inside of a template: they are text of another language. */
export function templateLinesOf({ path, text }: Source): Set<number> {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
      const first = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
      const last = file.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
      for (let line = first; first < last && line <= last; line++) lines.add(line);
    }
    node.forEachChild(visit);
  };
  visit(file);
  return lines;
}

/** Identifiers as words: `pageRequestLog` and `PAGE_REQUEST_LOG` both read `page Request Log`. */
export function wordsOf(identifier: string): string {
  return identifier
    .replaceAll("_", " ")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
}

export function phrasesOf({ path, text }: Source): Phrase[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const phrases = new Map<string, Phrase>();
  const add = (position: number, phrase: string) => {
    const line = file.getLineAndCharacterOfPosition(position).line + 1;
    phrases.set(`${line}:${phrase}`, { line, text: phrase });
  };
  const addComments = (ranges: readonly ts.CommentRange[] | undefined) => {
    for (const { pos, end } of ranges ?? []) {
      text
        .slice(pos, end)
        .split("\n")
        .forEach((line, index, lines) => {
          const start = pos + lines.slice(0, index).join("\n").length + (index > 0 ? 1 : 0);
          add(start, line);
        });
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      add(node.getStart(file), wordsOf(node.text));
    }
    if (node.getChildCount(file) === 0) {
      addComments(ts.getLeadingCommentRanges(text, node.getFullStart()));
      addComments(ts.getTrailingCommentRanges(text, node.getEnd()));
    }
    node.getChildren(file).forEach(visit);
  };
  visit(file);
  return [...phrases.values()];
}
