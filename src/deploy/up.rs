//! `piste deploy up`: makes what a folder of `piste deploy init` describes.

use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use service::exit::{ExitCode, RunError};

use super::{
    folder::Folder,
    preset::Preset,
    progress::{Progress, changes},
    status::Outputs,
    terraform::Terraform,
};
use crate::output;

/// Makes or changes what is deployed: shows what will be done and what it costs, asks, and says how far AWS has come.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The folder that `piste deploy init` has written.
    #[arg(long, value_name = "DIR", default_value = "piste-aws")]
    dir: PathBuf,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Show what would be done, and do nothing.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

/// The plan, in the folder.
const PLAN: &str = "piste.tfplan";

/// Plans, asks, applies.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let folder = Folder::open(&options.dir)?;
    let terraform = Terraform::of(folder.environment());
    output::error_line(format_args!("preparing"));
    terraform.run(&["init", "-input=false", "-no-color"]).await?;
    output::error_line(format_args!("planning"));
    terraform.run(&["plan", "-input=false", "-no-color", &format!("-out={PLAN}")]).await?;
    let plan = terraform.json(&["show", "-json", PLAN]).await?;
    let counts = changes(&plan);
    for warning in warnings(&plan) {
        output::line(format_args!("note: {warning}"));
    }
    let [made, changed, removed] = counts;
    output::line(format_args!("{made} to make, {changed} to change, {removed} to remove"));
    if let Some(usd) = plan["planned_values"]["outputs"]["monthly_cost_estimate"]["value"]["total"].as_f64() {
        output::line(format_args!("about {usd} USD a month without events; `piste deploy cost` says more"));
    }
    if options.dry_run {
        return Ok(ExitCode::Ok);
    }
    if counts == [0; 3] {
        output::line(format_args!("nothing to do"));
    } else {
        if !options.yes && !agreed()? {
            output::line(format_args!("nothing was done"));
            return Ok(ExitCode::Unwell);
        }
        apply(&terraform, made + changed + removed).await?;
    }
    let outputs = Outputs::of(&terraform).await?;
    outputs.print();
    next(&folder, &outputs);
    Ok(ExitCode::Ok)
}

async fn apply(terraform: &Terraform, total: usize) -> Result<(), RunError> {
    let mut progress = Progress::new(total);
    let bar = bar(total);
    let arguments = ["apply", "-json", "-input=false", "-parallelism=20", PLAN];
    let well = terraform
        .follow(&arguments, |line| {
            if let Some(said) = progress.take(line) {
                match &bar {
                    Some(bar) => bar.println(said),
                    None => output::line(format_args!("{said}")),
                }
            }
            if let Some(bar) = &bar {
                bar.set_position(progress.done as u64);
                bar.set_message(progress.waits_for());
            }
        })
        .await?;
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    if well {
        return Ok(());
    }
    let why =
        if progress.errors.is_empty() { "terraform was ended".into() } else { progress.errors.join("\n") };
    let (done, total) = (progress.done, progress.total);
    let what =
        format!("{why}\n{done} of {total} are done and stay; `piste deploy up` goes on with the others");
    Err(RunError::new(ExitCode::Unavailable, what))
}

/// How far it is, on a terminal.
fn bar(total: usize) -> Option<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::new(total as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    Some(bar)
}

/// Whether the one at the terminal agrees.
fn agreed() -> Result<bool, RunError> {
    let (mut answer, stdin) = (String::new(), std::io::stdin());
    if !stdin.is_terminal() {
        return Err(RunError::new(ExitCode::Usage, "nobody is there to be asked: --yes"));
    }
    let _ = write!(std::io::stderr(), "go on? [y/N] ").and_then(|()| std::io::stderr().flush());
    let _ = stdin.lock().read_line(&mut answer);
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// What the checks of a plan say that do not stop it.
fn warnings(plan: &Value) -> impl Iterator<Item = &str> {
    let checks = plan["checks"].as_array().into_iter().flatten();
    let failed = checks.filter(|check| check["status"] == "fail");
    failed.flat_map(|check| check["instances"].as_array().into_iter().flatten()).flat_map(|instance| {
        let problems = instance["problems"].as_array().into_iter().flatten();
        problems.filter_map(|problem| problem["message"].as_str())
    })
}

/// What is left for a person to do.
fn next(folder: &Folder, outputs: &Outputs) {
    let dir = folder.environment();
    match folder.preset {
        Preset::Small => {
            if let Some(repository) = outputs.text("image_repository") {
                let image = outputs.text("image").unwrap_or_default();
                output::line(format_args!(
                    "next: push the image, services wait for it (deploy/image.sh makes it):"
                ));
                output::line(format_args!("  {image} in {repository}"));
            }
        }
        Preset::Solo => {
            if let Some(package) = outputs.text("package") {
                output::line(format_args!(
                    "next: copy the rpm, the machine waits for it (deploy/package.sh makes it):"
                ));
                output::line(format_args!("  aws s3 cp piste.rpm {package}"));
            }
        }
    }
    output::line(format_args!("then: piste deploy status"));
    output::line(format_args!("variables: {}/terraform.tfvars.json", dir.display()));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn checks_that_fail_are_said() {
        let plan = json!({ "checks": [
            { "status": "pass", "instances": [] },
            { "status": "fail", "instances": [{ "problems": [{ "message": "Without effect here: ssh_public_key." }] }] },
        ] });
        assert_eq!(warnings(&plan).collect::<Vec<_>>(), ["Without effect here: ssh_public_key."]);
        assert_eq!(warnings(&json!({})).count(), 0);
    }
}
