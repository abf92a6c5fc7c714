mod missing;
mod simulation;
mod world;
