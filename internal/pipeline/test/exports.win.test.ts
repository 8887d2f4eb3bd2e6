import { importEveryExport } from './exports.js';

// Without programs: each would start another Node, which takes seconds under Wine, and the test on
// the host has checked them.
importEveryExport({ isWithPrograms: false });
