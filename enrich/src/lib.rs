//! Raw record -> enriched event, failed event or bad row.
