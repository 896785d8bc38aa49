/**
 * One word for each concept (GLOSSARY.md): synonyms in identifiers and comments, and what to say.
 *
 * Patterns see identifiers split into words, so that `deviceTlb` and `device TLB` are the same.
 */
import type { Finding, Source } from "../sources.js";
import { phrasesOf, wordsOf } from "../syntax.js";

interface Synonym {
  readonly word: RegExp;
  readonly say: string;
  /** Only in files whose path matches; left out: everywhere. */
  readonly where?: RegExp;
}

/** The model itself: what the importers of other tools' words are not part of. */
const MODEL = /^(?:assembly\/|src\/(?:protocols|explore|run|devices|notifier|abi)\/)/;

const SYNONYMS: readonly Synonym[] = [
  { word: /\baddress space object\b/i, say: "mm" },
  { word: /\bctx\b/i, say: "mm or asid" },
  { word: /\bmemory (?:region|segment)s?\b|\bvm area\b/i, say: "vma" },
  { word: /\bPML[45]\b|\bL[1-4] (?:table|entry|page table)s?\b/i, say: "pgd, p4d, pud, pmd, pte" },
  { word: /\bppage\b|\bphysical pages?\b|\bpage frames?\b/i, say: "frame" },
  { word: /\b(?:listener|observer)s?\b/i, say: "notifier", where: MODEL },
  { word: /\brange (?:begin|finish)\b|\b(?:pre|post) range\b/i, say: "range_start, range_end" },
  { word: /\bdevice flush(?:es)?\b|\bexternal flush(?:es)?\b/i, say: "secondary flush" },
  { word: /\bexternal MMUs?\b/i, say: "secondary MMU" },
  { word: /\bIOMMU TLBs?\b/i, say: "IOTLB" },
  { word: /\bdevice TLBs?\b|\bdev tlbs?\b|\bdTLBs?\b/i, say: "ATC" },
  { word: /\bfault messages?\b|\bPRI repl(?:y|ies)\b/i, say: "page request, PRG response" },
  { word: /\blookup requests?\b/i, say: "translation request" },
  {
    word: /\binvalidation acks?\b|\back(?:s|ed)? (?:of )?(?:the )?invalidation/i,
    say: "completion",
  },
  { word: /\bflush(?:es|ed|ing)? (?:of )?(?:the |an? )?(?:IOTLB|ATC)\b/i, say: "invalidate" },
  { word: /\b(?:IOTLB|ATC) flush(?:es|ed)?\b/i, say: "invalidation" },
  { word: /\binvalidat\w+ (?:of )?(?:the |a )?CPU TLBs?\b/i, say: "flush" },
  { word: /\bpurg(?:e[sd]?|ing)\b/i, say: "invalidate" },
  { word: /\bmemory barriers?\b|\bfence commands?\b/i, say: "sync, wait" },
  { word: /\bremote invalidations?\b/i, say: "shootdown" },
  { word: /\bdangling\b/i, say: "stale" },
  { word: /\bpid tags?\b|\bctx tags?\b/i, say: "asid" },
  { word: /\bkernel version profile\b/i, say: "era" },
  { word: /\bgoroutine|\bgreen thread/i, say: "actor" },
];

export function synonyms(sources: readonly Source[]): Finding[] {
  return sources.flatMap((source) => {
    const named = { line: 0, text: wordsOf(source.path.replaceAll(/[/.]/g, " ")) };
    return [named, ...phrasesOf(source)].flatMap(({ line, text }) =>
      SYNONYMS.filter(({ where }) => where?.test(source.path) ?? true).flatMap(({ word, say }) => {
        const found = word.exec(text)?.[0];
        if (found === undefined) return [];
        return [{ path: source.path, line, problem: `"${found}": say ${say}` }];
      }),
    );
  });
}
