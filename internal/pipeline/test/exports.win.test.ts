import { importEveryExport } from './exports.js';

// A program starts another Node: seconds under Wine, for what the test on the host has seen.
importEveryExport({ isWithPrograms: false });
