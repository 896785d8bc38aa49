#!/usr/bin/env node
/** Entry of the command line: runs one command and turns its outcome into an exit code. */
import { judge } from "./errors.js";
import { ExitCode } from "./exit_code.js";
import { removeUnfinished } from "./files.js";
import { interruptWork } from "./interruption.js";
import { packageVersion } from "./package_info.js";
import { buildProgram } from "./program.js";

function environment(): string {
  const versions = `tlbstorm ${packageVersion()}, node ${process.version}`;
  const command = ["tlbstorm", ...process.argv.slice(2)].join(" ");
  return `  ${versions}, ${process.platform} ${process.arch}\n  ${command}`;
}

function interrupt(): void {
  // Work that tidies up after itself ends on its own; who interrupts again does not wait for it.
  if (interruptWork()) return;
  removeUnfinished();
  process.stderr.write("\ninterrupted\n");
  process.exit(ExitCode.Interrupted);
}

function fail(error: unknown): void {
  const { exitCode, text } = judge(error, environment());
  process.stderr.write(text);
  process.exitCode = exitCode;
}

/** For exceptions that no command awaits; after one of them nothing can be relied on. */
function abandon(error: unknown): never {
  fail(error);
  removeUnfinished();
  process.exit(ExitCode.Defect);
}

process.on("uncaughtException", abandon);
process.on("unhandledRejection", abandon);
process.on("SIGINT", interrupt);
process.on("SIGTERM", interrupt);
// A reader such as `head` may close the pipe; what it has seen is all it wanted.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});

try {
  await buildProgram().parseAsync();
} catch (error) {
  fail(error);
}
